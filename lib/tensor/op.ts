/**
 * How an operation of ours is put together.
 *
 * A **primitive** is a computation without a gradient: a composite of tfjs operations that runs on every backend, and
 * faster kernels for the backends that have one. An **op** is what models call: inputs checked at the door, a forward
 * primitive, and an explicit backward (tfjs cannot differentiate inside a gradient). `reference` is its specification:
 * tests compare forward and backward of the op with tfjs's autodiff of the reference.
 */
import { plainBackend } from "./_plain_backend.ts";
import { tf } from "./tf.ts";
import type { SimdBackend } from "./simd/backend.ts";
import type { SimdArray, SimdRuntime } from "./simd/runtime.ts";
import type { GpuBackend } from "./webgpu/backend.ts";
import type { Cut, GpuKernel } from "./webgpu/parts.ts";
import type { GpuArray, GpuRuntime } from "./webgpu/runtime.ts";
import type { NamedTensorMap, Tensor, Variable } from "./tf.ts";

/** Plain numbers that steer an op; no tensors. */
export type Attributes = Readonly<Record<string, unknown>>;

/** One array with its shape, as a plain kernel sees it. */
export interface Block {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A primitive's implementations. Outputs come as a list, the same for all implementations. */
export interface PrimitiveDefinition<I, A extends Attributes> {
  readonly name: string;
  /** The computation in tfjs operations; runs on any backend. */
  composite(inputs: I, attributes: A): Tensor[];
  /** The computation in plain loops, for the reference backend. */
  plain?(inputs: Arrays<I, Block>, attributes: A): Block[];
  /** The computation by kernels of the WebAssembly module, for the `simd` backend. */
  simd?(inputs: Arrays<I, SimdArray>, attributes: A, runtime: SimdRuntime): SimdArray[];
  /** The computation by compute shaders, for the `webgpu` backend. */
  webgpu?(inputs: Arrays<I, GpuArray>, attributes: A, runtime: GpuRuntime): GpuArray[];
  /** How the compute shaders may be called for a part at a time, where a device cannot bind all that they work on. */
  readonly cut?: Cut;
}

/** A primitive's inputs as a kernel sees them; optional ones may be missing. */
export type Arrays<I, T> = { readonly [K in keyof I]: I[K] extends Tensor ? T : T | undefined };

/** Runs a primitive with the best implementation of the current backend. */
export type Primitive<I, A extends Attributes> = (inputs: I, attributes: A) => Tensor[];

/** Tensor inputs by name; optional ones may be left out. */
export type OpInputs<I> = { [K in keyof I]: Tensor | undefined };

/** Names of all primitives that have a plain kernel; tests take these kernels away to try the composites. */
export const PLAIN_KERNELS: string[] = [];

/** Makes a primitive and registers its kernels with tfjs. */
export function definePrimitive<I extends OpInputs<I>, A extends Attributes>(
  definition: PrimitiveDefinition<I, A>,
): Primitive<I, A> {
  const { name, composite, plain, simd, webgpu, cut } = definition;
  if (plain) {
    PLAIN_KERNELS.push(name);
    tf.registerKernel({
      kernelName: name,
      backendName: "cpu",
      kernelFunc: ({ inputs, attrs, backend }) => {
        const cpu = plainBackend(backend);
        const given = inputs as Readonly<Record<string, tf.TensorInfo>>;
        const blocks = mapValues(given, (info) => ({ data: cpu.data.get(info.dataId).values, shape: info.shape }));
        const outputs = plain(blocks as Parameters<typeof plain>[0], (attrs ?? {}) as A);
        return outputs.map((block) => cpu.makeTensorInfo([...block.shape], "float32", block.data));
      },
    });
  }
  if (simd) {
    tf.registerKernel({
      kernelName: name,
      backendName: "simd",
      kernelFunc: ({ inputs, attrs, backend }) => {
        const given = inputs as Readonly<Record<string, tf.TensorInfo>>;
        return (backend as SimdBackend).runKernel(given, (arrays, runtime) => {
          return simd(arrays as Parameters<typeof simd>[0], (attrs ?? {}) as A, runtime);
        });
      },
    });
  }
  if (webgpu) {
    tf.registerKernel({
      kernelName: name,
      backendName: "webgpu",
      kernelFunc: ({ inputs, attrs, backend }) => {
        const given = inputs as Readonly<Record<string, tf.TensorInfo>>;
        const kernel: GpuKernel = (arrays, runtime) => {
          return webgpu(arrays as Parameters<typeof webgpu>[0], (attrs ?? {}) as A, runtime);
        };
        return (backend as GpuBackend).runKernel(given, kernel, cut && { name, cut });
      },
    });
  }
  return (inputs, attributes) => {
    if (!tf.getKernel(name, tf.getBackend())) return tf.tidy(() => composite(inputs, attributes));
    const present = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== undefined));
    return tf.engine().runKernel(name, present as NamedTensorMap, attributes as tf.NamedAttrMap) as unknown as Tensor[];
  };
}

/** A differentiable operation. */
export interface OpDefinition<I, A extends Attributes> {
  readonly name: string;
  /** Inputs that have a gradient, in the order in which `backward` returns them. */
  readonly differentiable: readonly (keyof I & string)[];
  /** Throws a TypeError or RangeError that names the op, the expectation and what was given. */
  validate(inputs: I, attributes: A): void;
  /** The specification: a composite that tfjs can differentiate. */
  reference(inputs: I, attributes: A): Tensor;
  /** Output, and what the backward pass needs of inputs, output and intermediate results. */
  forward(inputs: I, attributes: A): { output: Tensor; saved: Tensor[] };
  /** Gradients of the differentiable inputs that were given, in their order. */
  backward(dy: Tensor, saved: Tensor[], attributes: A): Tensor[];
}

/** What `defineOp` makes: callable, with its definition for tests and benchmarks. */
export interface Op<I, A extends Attributes> {
  (inputs: I, attributes: A): Tensor;
  readonly definition: OpDefinition<I, A>;
}

/** Turns a definition into a callable, differentiable op. */
export function defineOp<I extends OpInputs<I>, A extends Attributes>(definition: OpDefinition<I, A>): Op<I, A> {
  const op = (inputs: I, attributes: A): Tensor => {
    definition.validate(inputs, attributes);
    const names = definition.differentiable.filter((name) => inputs[name] !== undefined);
    const run = tf.customGrad((...args) => {
      // tfjs appends its save function to the tensors.
      const save = args.pop() as unknown as (tensors: Tensor[]) => void;
      const { output, saved } = definition.forward(inputs, attributes);
      save(saved);
      return {
        value: output,
        gradFunc: (dy: Tensor, kept: Tensor[]) => {
          const gradients = tf.tidy(() => definition.backward(dy, kept, attributes));
          if (listener) tellGradients(names.map((name) => inputs[name] as Tensor), gradients);
          releaseAfterBackward({ dy, kept, gradients });
          return gradients;
        },
      };
    });
    return run(...names.map((name) => inputs[name] as Tensor));
  };
  return Object.assign(op, { definition });
}

/** Is told the gradient of a variable as soon as an operation of ours has computed it, while the backward pass goes on. */
export type GradientListener = (variable: Variable, gradient: Tensor) => void;

let listener: GradientListener | undefined;

/**
 * Runs a computation of gradients with a listener.
 *
 * A variable that several operations use is told several times, each time a part; one that none of ours uses directly is
 * never told. The listener must neither keep nor dispose the gradients.
 */
export function watchGradients<T>(watch: GradientListener, compute: () => T): T {
  listener = watch;
  try {
    return compute();
  } finally {
    listener = undefined;
  }
}

function tellGradients(inputs: readonly Tensor[], gradients: readonly Tensor[]): void {
  inputs.forEach((input, i) => {
    if (input instanceof tf.Variable) listener?.(input, gradients[i]);
  });
}

/**
 * Frees what the rest of the backward pass does not need.
 *
 * tfjs keeps all saved tensors and all gradients in between until the whole pass is over, which doubles its memory. A
 * gradient that was handed in from outside is of another scope, and stays.
 */
export function releaseAfterBackward(
  { dy, kept, gradients }: { dy: Tensor; kept: readonly Tensor[]; gradients: readonly Tensor[] },
): void {
  const { activeScope } = tf.engine().state;
  const mine = dy.scopeId === activeScope?.id ? [dy, ...kept] : kept;
  for (const tensor of mine) if (!gradients.includes(tensor)) tensor.dispose();
}

/** One shape an op is tested and timed on; inputs are drawn from a standard normal. */
export interface OpCase {
  readonly title: string;
  /** Shape of every input by name; optional inputs may be left out. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly attributes: Attributes;
  /** Floating-point operations of the forward pass, a multiply-add counting as two; 0 where memory decides. */
  readonly flops: number;
  /** Inputs whose values are 0 or 1. */
  readonly binary?: readonly string[];
}

/** Attributes of ops that have none. */
export type NoAttributes = Record<string, never>;

function mapValues<T, U>(
  object: Readonly<Record<string, T>>,
  transform: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, transform(value)]));
}
