import assert from "node:assert/strict";
import { bytesOf, checkCall, checkHolding, TooLargeError } from "../../../lib/tensor/webgpu/limits.ts";
import type { DeviceLimits } from "../../../lib/tensor/webgpu/limits.ts";
import type { GpuArray } from "../../../lib/tensor/webgpu/runtime.ts";

const limits = { maxStorageBufferBindingSize: 2 ** 25, maxComputeWorkgroupsPerDimension: 100 } as DeviceLimits;
const program = { name: "nothing", source: "" };

function arrayOf(shape: readonly number[], isHalf = false): GpuArray {
  return { buffer: {} as GPUBuffer, length: shape.reduce((product, size) => product * size, 1), shape, isHalf };
}

Deno.test("bytesOf() counts whole words", () => {
  assert.deepEqual([bytesOf(arrayOf([3])), bytesOf(arrayOf([3], true)), bytesOf(arrayOf([4], true))], [12, 8, 8]);
});

Deno.test("checkHolding() refuses what no buffer holds and says what to lower", () => {
  checkHolding(arrayOf([2, 2 ** 20]), 2 ** 23);
  assert.throws(() => checkHolding(arrayOf([2, 2 ** 23]), 2 ** 25), {
    name: "RangeError",
    message: "Cannot hold a tensor of shape [2, 8388608] on this GPU: expected at most 32 MiB, got 64 MiB; " +
      "lower run.batchSize, cropSize or templates.size, or use --backend simd",
  });
});

Deno.test("checkCall() refuses arrays that the device cannot bind, half ones from twice the length on", () => {
  const call = (array: GpuArray) => () => {
    checkCall(program, { inputs: [arrayOf([1])], outputs: [array], workgroups: [1] }, limits);
  };
  call(arrayOf([2 ** 23]))();
  call(arrayOf([2 ** 24], true))();
  assert.throws(call(arrayOf([3, 2 ** 22])), {
    name: "RangeError",
    message: "Cannot run nothing on this GPU: expected arrays of at most 32 MiB, got 48 MiB of shape [3, 4194304]; " +
      "lower cropSize or run.batchSize, set run.precision=f16-mixed, or use --backend simd",
  });
  assert.throws(call(arrayOf([2 ** 24 + 2], true)), TooLargeError);
});

Deno.test("checkCall() refuses more workgroups along an axis than the device takes", () => {
  assert.throws(() => checkCall(program, { inputs: [], outputs: [], workgroups: [100, 101] }, limits), {
    name: "RangeError",
    message: "Cannot run nothing on this GPU: expected at most 100 workgroups along an axis, got 100 × 101; " +
      "lower run.batchSize or cropSize, or use --backend simd",
  });
});
