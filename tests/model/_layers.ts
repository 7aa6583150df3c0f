/** Gives the parameters of a layer or model known values. */
import { toOurLayout } from "../../lib/model/parameters.ts";
import type { Parameter } from "../../lib/model/parameters.ts";
import { sizeOf, tf } from "../../lib/tensor/mod.ts";

/** Sets a parameter from values in its official memory order; a number fills it. */
export function assignOfficial(parameter: Parameter, official: readonly number[] | number): void {
  const length = sizeOf(parameter.shape);
  const values = typeof official === "number" ? new Float32Array(length).fill(official) : Float32Array.from(official);
  tf.tidy(() => parameter.variable.assign(tf.tensor(toOurLayout(values, parameter), [...parameter.shape])));
}

/** The parameter of this name. */
export function parameterOf(parameters: readonly Parameter[], name: string): Parameter {
  const found = parameters.find((parameter) => parameter.name === name);
  if (!found) throw new Error(`no parameter ${name}`);
  return found;
}
