/** Initial values of parameters, drawn in the official memory order from a stream of the parameter's name. */
import { randomStream } from "../random.ts";
import { sizeOf } from "../tensor/mod.ts";

/** Makes the initial values of a parameter. */
export type Initializer = (parameter: { shape: readonly number[]; seed: number; name: string }) => Float32Array;

/** All values alike. */
export function constant(value: number): Initializer {
  return ({ shape }) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Uniform in ±bound. */
export function uniform(bound: number): Initializer {
  return ({ shape, seed, name }) => {
    const random = randomStream(seed, `initialize ${name}`);
    return Float32Array.from({ length: sizeOf(shape) }, () => random.between(-bound, bound));
  };
}

/** Normal with mean 0. */
export function normal(std: number): Initializer {
  return ({ shape, seed, name }) => {
    const random = randomStream(seed, `initialize ${name}`);
    return Float32Array.from({ length: sizeOf(shape) }, () => std * random.normal());
  };
}

/**
 * Kaiming normal for a convolution weight `[out, in, k, k, k]`, by its fan-out: std = √(2/(out·k³)).
 *
 * The official code applies it to depthwise kernels too, counting all channels as outputs.
 */
export function kaimingFanOut(shape: readonly number[]): Initializer {
  const [out, , ...kernel] = shape;
  return normal(Math.sqrt(2 / (out * sizeOf(kernel))));
}
