/** Rounding as NumPy and PyTorch do it. */

/** The nearest integer; a number halfway between two goes to the even one. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
