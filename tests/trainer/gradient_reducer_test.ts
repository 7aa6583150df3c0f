import { deepEqual, equal } from "node:assert/strict";
import { SINGLE_RANK } from "../../lib/communicator.ts";
import type { Communicator } from "../../lib/communicator.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { GradientReducer } from "../../lib/trainer/gradient_reducer.ts";

await selectBackend("reference");

/** Two ranks with the same gradients: sums are doubles, written when a sum is finished. Notes what was started. */
function twins(): { communicator: Communicator; started: number[][] } {
  const started: number[][] = [];
  const double = (values: Float32Array | Float64Array): void => values.forEach((value, i) => values[i] = 2 * value);
  const communicator: Communicator = {
    ...SINGLE_RANK,
    size: 2,
    allReduceSum: double,
    startAllReduceSum(values) {
      started.push([...values]);
      return { progress: () => {}, finish: () => double(values) };
    },
  };
  return { communicator, started };
}

Deno.test("GradientReducer sends buckets in order, each as soon as it is complete, and sums parts", async () => {
  const parameters = ["first", "middle", "last"].map((name, i) => ({ name, variable: tf.variable(tf.zeros([i + 2])) }));
  const { communicator, started } = twins();
  // Values of last (4), middle (3), first (2) in buckets of 3.
  const reducer = new GradientReducer(parameters, { communicator, bucketBytes: 12 });
  for (let update = 0; update < 2; update++) {
    started.length = 0;
    reducer.add("middle", [Float32Array.of(5, 6, 7)]);
    equal(started.length, 0);
    reducer.add("last", [Float32Array.of(1, 2, 3, 4), Float32Array.of(10, 10, 10, 10)]);
    reducer.progress();
    deepEqual(started, [[11, 12, 13], [14, 5, 6]]);
    const gradients = new Map([["first", tf.tensor1d([8, 9])], ["last", tf.tensor1d([0, 0, 0, 0])]]);
    gradients.set("middle", tf.tensor1d([0, 0, 0]));
    await reducer.finish(gradients);
    deepEqual(started[2], [7, 8, 9]);
    deepEqual([...gradients].map(([name, tensor]) => [name, [...tensor.dataSync()]]).sort(), [
      ["first", [16, 18]],
      ["last", [22, 24, 26, 28]],
      ["middle", [10, 12, 14]],
    ]);
    tf.dispose([...gradients.values()]);
  }
  tf.dispose(parameters.map(({ variable }) => variable));
});

Deno.test("GradientReducer leaves a gradient missing that all ranks lack, and takes zeros for one that only some lack", async () => {
  const parameters = ["here", "there", "nowhere"].map((name) => ({ name, variable: tf.variable(tf.zeros([1])) }));
  const lengths: number[] = [];
  const communicator: Communicator = {
    ...SINGLE_RANK,
    size: 2,
    // The other rank has a gradient of 4 of the second parameter. What is summed late is one value.
    allReduceSum: (values) => void (values.length === 3 ? values.set([values[0], 1, values[2]]) : values[0] += 40),
    startAllReduceSum(values) {
      lengths.push(values.length);
      return { progress: () => {}, finish: () => values[values.length - 2] += 4 };
    },
  };
  const reducer = new GradientReducer(parameters, { communicator });
  const sums = async (...names: string[]): Promise<[string, number[]][]> => {
    const gradients = new Map(names.map((name) => [name, tf.tensor1d([3])]));
    await reducer.finish(gradients);
    const values = [...gradients].map(([name, tensor]): [string, number[]] => [name, [...tensor.dataSync()]]);
    tf.dispose([...gradients.values()]);
    return values;
  };
  deepEqual(await sums("here"), [["here", [3]], ["there", [4]]]);
  deepEqual(await sums("here"), [["here", [3]], ["there", [4]]]);
  // What was in no gradient at first is no longer sent with the others, but is summed when it comes after all.
  deepEqual(lengths, [3, 2]);
  deepEqual(await sums("here", "nowhere"), [["here", [3]], ["nowhere", [43]], ["there", [4]]]);
  tf.dispose(parameters.map(({ variable }) => variable));
});
