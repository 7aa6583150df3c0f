import assert from "node:assert/strict";
import { OnnxGraph } from "../../../lib/interop/onnx/graph.ts";
import { openOnnx } from "./_runtime.ts";

const TEXT = { name: "g", description: "A test.", metadata: { note: "Schädel" } };

Deno.test("OnnxGraph runs as it was built: free axes, weights, integers and attributes of every kind", async () => {
  const graph = new OnnxGraph();
  const x = graph.input({ name: "x", axes: ["N", 4] });
  const [, right] = graph.nodes("Split", [x], { outputs: 2, attributes: { axis: 1 } }); // [N, 2]
  const weight = graph.weight("w", { shape: [2, 2], data: Float32Array.of(9, 1, 2, 3, 4).subarray(1) });
  const leaky = graph.node("LeakyRelu", [graph.node("MatMul", [right, weight])], { alpha: { float: 0.5 } });
  const columns = graph.node("Transpose", [leaky], { perm: [1, 0] });
  const flat = graph.node("Reshape", [columns, graph.integers([-1])]);
  graph.output(graph.node("Mul", [flat, graph.scalar(10)]), { name: "y", axes: ["2N"] });
  const session = await openOnnx(graph.encode(TEXT));
  const { y } = await session.run({ x: { shape: [2, 4], data: Float32Array.of(0, 0, 1, 0, 0, 0, -1, 1) } });
  await session.close();
  // [1, 0]·w = [1, 2]; [−1, 1]·w = [2, 2].
  assert.deepEqual(y, { shape: [4], data: Float32Array.of(10, 20, 20, 20) });
});

Deno.test("OnnxGraph.encode() hands on weights as views and writes equal constants once", () => {
  const graph = new OnnxGraph();
  const data = new Float32Array(4);
  graph.weight("w", { shape: [4], data });
  assert.equal(graph.scalar(0.5), graph.scalar(0.5));
  assert.equal(graph.integers([0, -1]), graph.integers([0, -1]));
  const pieces = graph.encode(TEXT);
  assert.equal(pieces.filter(({ buffer }) => buffer === data.buffer).length, 1);
  const text = new TextDecoder("latin1").decode(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
  assert.equal(text.split("scalar_0.5").length, 2);
  assert.equal(text.split("integers_0_-1").length, 2);
});

Deno.test("OnnxGraph.weight() refuses values that do not fill the shape", () => {
  assert.throws(() => new OnnxGraph().weight("w", { shape: [2, 3], data: new Float32Array(5) }), {
    name: "RangeError",
    message: 'Cannot add weight "w": expected the elements of shape [2, 3], got 5',
  });
});
