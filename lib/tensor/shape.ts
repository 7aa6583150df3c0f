/** Shape checks used at the doors of operations. */
import { formatShape } from "../errors.ts";
import type { Tensor } from "./tf.ts";

/** A tensor's shape as a plain list (tfjs types it as a union of tuples of every rank). */
export function shapeOf(tensor: Tensor): number[] {
  return tensor.shape as number[];
}

/** Size of the last axis: the channels of a channels-last tensor. */
export function channelsOf(tensor: Tensor): number {
  return shapeOf(tensor)[tensor.rank - 1];
}

/** Product of all dimensions. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/**
 * Checks a shape against a pattern in which `null` stands for any size.
 *
 * @throws {TypeError} `Cannot apply OP: expected WHAT of shape [*, 3], got [2, 4]`
 */
export function expectShape(
  op: string,
  what: string,
  { actual, expected }: { actual: readonly number[]; expected: readonly (number | null)[] },
): void {
  const fits = actual.length === expected.length && expected.every((size, i) => size === null || size === actual[i]);
  if (!fits) {
    const pattern = expected.map((size) => size ?? "*").join(", ");
    throw new TypeError(`Cannot apply ${op}: expected ${what} of shape [${pattern}], got ${formatShape(actual)}`);
  }
}
