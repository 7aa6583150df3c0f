/** The check at the door of every model. */
import { formatShape } from "../errors.ts";
import { shapeOf } from "../tensor/mod.ts";
import type { Tensor } from "../tensor/mod.ts";

/**
 * Checks the spatial sizes of an input.
 *
 * @throws {RangeError} when one is not divisible
 */
export function expectDivisible(model: string, x: Tensor, divisor: number): void {
  const shape = shapeOf(x);
  if (shape.slice(1, 4).some((size) => size % divisor !== 0)) {
    const expected = `depth, height and width divisible by ${divisor}`;
    throw new RangeError(`Cannot apply ${model}: expected ${expected}, got ${formatShape(shape)}`);
  }
}
