/** Sums over rows on the device: by the sums of integers, which float32 holds exactly. */
import assert from "node:assert/strict";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { sumRows } from "../../../lib/tensor/webgpu/sum_rows.ts";
import type { SummedTerm } from "../../../lib/tensor/webgpu/sum_rows.ts";
import { gpuTest } from "./_gpu.ts";

const TERMS: Readonly<Record<SummedTerm, (x: number, y: number) => number>> = {
  "values": (x) => x,
  "squares": (x) => x * x,
  "squared differences": (x, y) => (x - y) ** 2,
};

for (const [term, of] of Object.entries(TERMS) as [SummedTerm, (x: number, y: number) => number][]) {
  gpuTest(`sumRows() adds ${term} of every row, rows of one and of several pieces`, async (backend) => {
    for (const [rows, length] of [[1, 1], [3, 5], [2, 8193], [3, 20_000]]) {
      const x = Float32Array.from({ length: rows * length }, (_, i) => i % 7 - 3);
      const y = x.map((_, i) => i % 3);
      const inputs = { x: tf.tensor1d(x), y: tf.tensor1d(y) };
      const [info] = backend.runKernel(inputs, (arrays, runtime) => {
        const sums = runtime.output([rows]);
        sumRows({ ...arrays, x: arrays.x, sums }, { rows, term, factor: 0.5 }, runtime);
        return [sums];
      });
      tf.dispose(inputs);
      const sums = await takeValues(tf.engine().makeTensorFromTensorInfo(info) as Tensor);
      const expected = Array.from({ length: rows }, (_, row) => {
        let sum = 0;
        for (let i = row * length; i < (row + 1) * length; i++) sum += of(x[i], y[i]);
        return 0.5 * sum;
      });
      assert.deepEqual([...sums], expected, `${rows} rows of ${length}`);
    }
  });
}
