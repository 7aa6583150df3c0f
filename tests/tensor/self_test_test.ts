/** The self-test of operations: that it finds each kind of fault, and nothing where there is none. */
import assert from "node:assert/strict";
import { OPS, selectBackend, testOps, tf } from "../../lib/tensor/mod.ts";
import type { OpEntry, OpReport, Tensor } from "../../lib/tensor/mod.ts";
import { caseInputs, compareValues, isWithin, relativeError } from "../../lib/tensor/self_test.ts";
import type { SimdBackend } from "../../lib/tensor/simd/backend.ts";

await selectBackend("simd");

const gelu = OPS.find(({ definition }) => definition.name === "gelu")!;

/** GELU on its first two cases, with its result put through a fault. */
function faulty(fault: (y: Tensor) => Tensor): OpEntry {
  const cases = gelu.cases.slice(0, 2);
  return { ...gelu, cases, apply: (inputs, attributes) => fault(gelu.apply(inputs, attributes)) };
}

async function reportOn(entry: OpEntry): Promise<OpReport> {
  const [report, ...others] = await Array.fromAsync(testOps([entry]));
  assert.deepEqual(others, []);
  return report;
}

Deno.test("testOps() finds nothing wrong with a sound op and counts its cases", async () => {
  const { outputError, gradientError, ...report } = await reportOn(gelu);
  assert.deepEqual(report, { name: "gelu", cases: gelu.cases.length, failures: [] });
  assert.ok(outputError > 0 && outputError < 1e-6, `output ${outputError}`);
  assert.ok(gradientError > 0 && gradientError < 1e-6, `gradient ${gradientError}`);
});

Deno.test("testOps() reports op after op, in their order", async () => {
  const ops = [OPS[2], gelu, OPS[0]];
  assert.deepEqual(
    (await Array.fromAsync(testOps(ops))).map(({ name }) => name),
    ops.map(({ definition }) => definition.name),
  );
});

Deno.test("testOps() finds a wrong output and says in which case and where", async () => {
  const { outputError, failures } = await reportOn(faulty((y) => tf.mul(y, 1.00002)));
  assert.ok(Math.abs(outputError - 2e-5) < 1e-6, String(outputError));
  assert.equal(failures.length, 2);
  assert.match(failures[0], /^odd size: output: relative error [\d.e-]+ at \[\d+\]: got [\d.-]+, expected [\d.-]+$/);
  assert.match(failures[1], /^1 value: output: /);
});

Deno.test("testOps() finds a wrong gradient behind a right output", async () => {
  const doubled = tf.customGrad((y) => ({ value: tf.clone(y as Tensor), gradFunc: (dy: Tensor) => tf.mul(dy, 2) }));
  const { outputError, gradientError, failures } = await reportOn(faulty((y) => doubled(y)));
  assert.ok(outputError < 1e-6, String(outputError));
  assert.ok(Math.abs(gradientError - 1) < 1e-5, String(gradientError));
  assert.ok(failures.every((failure) => / dx: relative error /.test(failure)), failures.join("\n"));
  assert.equal(failures.length, 2);
});

Deno.test("testOps() finds values that are not numbers", async () => {
  const { outputError, failures } = await reportOn(faulty((y) => tf.div(y, tf.zerosLike(y))));
  assert.ok(!(outputError < Infinity), String(outputError));
  assert.match(failures[0], /^odd size: output: /);
});

Deno.test("testOps() finds another shape", async () => {
  const { outputError, failures } = await reportOn(faulty((y) => tf.reshape(y, [-1])));
  assert.equal(outputError, Infinity);
  assert.equal(failures[0], "odd size: output: got shape [105], expected [3, 5, 7]");
});

Deno.test("testOps() reports what an op throws and goes on", async () => {
  const fault = (): never => {
    throw new Error("Cannot go on: a kernel aborted");
  };
  const [broken, sound] = await Array.fromAsync(testOps([faulty(fault), gelu]));
  const message = "Cannot go on: a kernel aborted";
  assert.deepEqual(broken.failures, [`odd size: ${message}`, `1 value: ${message}`]);
  assert.deepEqual([broken.outputError, broken.gradientError], [NaN, NaN]);
  assert.deepEqual(sound.failures, []);
});

Deno.test("testOps() finds tensors that are left over", async () => {
  const kept: Tensor[] = [];
  const { failures } = await reportOn(faulty((y) => {
    kept.push(tf.keep(tf.zeros([1])));
    return y;
  }));
  // The op runs twice: for its output, and for its gradients.
  assert.deepEqual(failures, ["odd size: tensors leaked: 2", "1 value: tensors leaked: 2"]);
  tf.dispose(kept);
});

Deno.test("testOps() fills what kernels leave unwritten with NaN, only while it runs", async () => {
  const backend = tf.backend() as unknown as SimdBackend;
  const seen: boolean[] = [];
  await reportOn(faulty((y) => {
    seen.push(backend.poison);
    return y;
  }));
  assert.ok(seen.length > 0 && seen.every(Boolean));
  assert.equal(backend.poison, false);
});

Deno.test("testOps() tests the reference backend as well", async () => {
  await selectBackend("reference");
  assert.deepEqual((await reportOn(gelu)).failures, []);
  assert.equal((await reportOn(faulty((y) => tf.neg(y)))).failures.length, 4);
  await selectBackend("simd");
});

Deno.test("caseInputs() draws the same values every time, and zeros and ones where a case wants them", () => {
  const opCase = { title: "", shapes: { x: [2, 3], mask: [40] }, attributes: {}, flops: 0, binary: ["mask"] };
  const [first, again, other] = [caseInputs(opCase), caseInputs(opCase), caseInputs(opCase, 2)];
  assert.deepEqual(first.x.shape, [2, 3]);
  assert.deepEqual(first.x.dataSync(), again.x.dataSync());
  assert.notDeepEqual(first.x.dataSync(), other.x.dataSync());
  assert.deepEqual([...new Set(first.mask.dataSync())].sort(), [0, 1]);
  for (const tensors of [first, again, other]) tf.dispose(tensors);
});

Deno.test("relativeError() divides the largest difference by the largest expected value", () => {
  assert.deepEqual(relativeError([1, 2.5, -4], [1, 2, -4]), {
    error: 0.125,
    text: "relative error 0.125 at [1]: got 2.5, expected 2",
  });
  assert.equal(relativeError([0.5], [0]).error, 0.5);
  assert.equal(relativeError([0, 0], [0, 0]).error, 0);
  assert.ok(Number.isNaN(relativeError([NaN, 9], [1, 1]).error));
  assert.ok(Number.isNaN(relativeError([1], [1, 1]).error));
});

Deno.test("compareValues() holds output and gradients to tolerances of their own, and isWithin() lets no NaN pass", () => {
  const values = (output: number, gradient: number) => {
    return { output: { shape: [1], data: [output] }, gradients: { x: { shape: [1], data: [gradient] } } };
  };
  const verdicts = (output: number, gradient: number): [string, boolean][] =>
    compareValues(values(output, gradient), values(1, 1)).map((found) => [found.what, isWithin(found)]);
  assert.deepEqual(verdicts(1 + 0.9e-5, 1 + 0.9e-4), [["output", true], ["dx", true]]);
  assert.deepEqual(verdicts(1 + 1.1e-5, 1 + 1.1e-4), [["output", false], ["dx", false]]);
  assert.deepEqual(verdicts(NaN, 1), [["output", false], ["dx", true]]);
});
