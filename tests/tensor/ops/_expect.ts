/** Comparisons shared by the tests of single operations. */
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/tensor/mod.ts";

/** Compares a tensor's shape and values with hand-computed ones, to 1e-6. */
export function assertValues(actual: Tensor, shape: readonly number[], values: readonly number[]): void {
  assert.deepEqual(actual.shape, shape);
  const data = actual.dataSync();
  assert.equal(data.length, values.length);
  values.forEach((value, i) => {
    const difference = Math.abs(data[i] - value);
    assert.ok(difference <= 1e-6 * Math.max(1, Math.abs(value)), `[${i}]: got ${data[i]}, expected ${value}`);
  });
}

/** Expects a call to throw this class and message. */
export function assertRefused(run: () => unknown, name: "TypeError" | "RangeError", message: string): void {
  assert.throws(run, { name, message });
}

/** 0, 1, 2, … */
export function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
