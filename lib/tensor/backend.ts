/** Chooses the tensor backend once per process. */
import { BackendUnavailableError, messageOf } from "../errors.ts";
import { registerPlainAdd } from "./reference_add.ts";
import { SimdBackend, type SimdOptions } from "./simd/backend.ts";
import { hasRelaxedSimd } from "./simd/kernels.ts";
import { registerTfjsKernels } from "./simd/tfjs/mod.ts";
import { tf } from "./tf.ts";
import type { GpuBackend } from "./webgpu/backend.ts";
import { findAdapter, isSoftwareAdapter, openDevice } from "./webgpu/device.ts";
import type { GpuPrecision } from "./webgpu/runtime.ts";
import type { TunedTiles } from "./webgpu/tuned_tiles.ts";

registerPlainAdd();

let startedGpu: GpuBackend | undefined;

/** Names accepted by `--backend`. */
export const BACKENDS = ["auto", "webgpu", "simd", "reference"] as const;

/** A backend by the name users know. */
export type BackendName = (typeof BACKENDS)[number];

/** What was chosen, for the run record. */
export interface BackendInfo {
  /** The backend in use, never `"auto"`. */
  readonly name: Exclude<BackendName, "auto">;
  /** One line for people. */
  readonly description: string;
  /** What the `simd` backend found when it started; not there for others. */
  readonly simd?: SimdInfo;
  /** What the adapter of the `webgpu` backend says of itself, and the limits that kernels meet; not there for others. */
  readonly gpu?: Readonly<Record<string, string | number>>;
}

/** What the speed and the room of the `simd` backend depend on. */
export interface SimdInfo {
  /** Threads that compute; 1 where workers cannot share the memory. */
  readonly threads: number;
  /** Bits of the vectors: 256 where V8 joins pairs of 128-bit operations. */
  readonly vectorBits: 128 | 256;
  /** Whether multiply-adds are fused: relaxed SIMD, or else the baseline module. */
  readonly relaxed: boolean;
  /** Bytes of tensors that the heap can hold. */
  readonly heapBytes: number;
}

/** How a backend is started. */
export interface BackendOptions {
  /** Of the `simd` backend; all cores by default. */
  readonly threads?: number;
  /** What the `simd` backend's tensors may take; by default all that WebAssembly can address. */
  readonly heapBytes?: number;
  /** How activations are stored; `f32` by default. */
  readonly precision?: GpuPrecision;
  /** Tiles measured on GPUs, this one among them perhaps. */
  readonly tiles?: readonly TunedTiles[];
}

/**
 * Starts the backend that all later tensor work uses.
 *
 * `webgpu` computes on the GPU; `simd` keeps tensors in one WebAssembly memory and computes the hot operations there;
 * `reference` is TensorFlow.js's plain JavaScript backend with this toolkit's plain kernels, on one thread. `auto` takes a
 * GPU where there is one (not one that the CPU emulates), else `simd` where it starts. On `webgpu`, values can only be read
 * asynchronously (`await tensor.data()`).
 *
 * With the precision `f16-mixed`, activations are stored as 16-bit floats, which GPUs with shader-f16 can do.
 *
 * @param options `threads` and `heapBytes` are fixed once the `simd` backend has started
 * @throws {BackendUnavailableError} when it cannot start here, or not in this precision
 */
export async function selectBackend(
  name: BackendName,
  { threads = navigator.hardwareConcurrency, heapBytes, precision = "f32", tiles }: BackendOptions = {},
): Promise<BackendInfo> {
  if (precision === "f16-mixed") return await startMixed(name, tiles);
  if (name === "reference") return await startReference();
  if (name === "webgpu" || (name === "auto" && await hasGpu())) return await startWebgpu(precision, tiles);
  try {
    return await startSimd({ threads, heapBytes });
  } catch (cause) {
    if (name === "auto") return await startReference();
    throw new BackendUnavailableError(`Cannot start backend "simd": ${messageOf(cause)}`, { cause });
  }
}

/** Starts a GPU that stores activations in half precision. */
async function startMixed(name: BackendName, tiles: BackendOptions["tiles"]): Promise<BackendInfo> {
  const refusal = 'Cannot use precision "f16-mixed": expected';
  if (name !== "webgpu" && name !== "auto") {
    throw new BackendUnavailableError(`${refusal} backend "webgpu", got "${name}"; use f32 there`);
  }
  const adapter = await findAdapter();
  if (name === "auto" && (adapter === null || isSoftwareAdapter(adapter))) {
    throw new BackendUnavailableError(`${refusal} a GPU, found none; use f32 without one`);
  }
  if (adapter?.features.has("shader-f16") === false) {
    throw new BackendUnavailableError(`${refusal} a GPU with shader-f16, this one lacks it; use f32 there`);
  }
  return await startWebgpu("f16-mixed", tiles);
}

async function startReference(): Promise<BackendInfo> {
  await tf.setBackend("cpu");
  return {
    name: "reference",
    description: `reference (plain TypeScript kernels, tfjs ${tf.version_core}, one thread)`,
  };
}

async function hasGpu(): Promise<boolean> {
  const adapter = await findAdapter();
  return adapter !== null && !isSoftwareAdapter(adapter);
}

/**
 * Why the GPU that computes has gone away, by no fault of the work: its driver was restarted, it was unplugged.
 *
 * Starting `webgpu` again then opens it anew; all tensors are gone. Null on other backends, while the GPU is there, and when
 * it had run out of memory, which it would do again.
 */
export async function lossOfGpu(): Promise<BackendUnavailableError | null> {
  return tf.getBackend() === "webgpu" && startedGpu ? await startedGpu.loss() : null;
}

async function startWebgpu(precision: GpuPrecision, tiles: BackendOptions["tiles"]): Promise<BackendInfo> {
  if (!startedGpu || startedGpu.isLost) startedGpu = await openGpu({ isFirst: !startedGpu });
  await tf.setBackend("webgpu");
  startedGpu.precision = precision;
  if (tiles) startedGpu.useTiles(tiles);
  const { adapter, isSoftware, details, tunedOn } = startedGpu;
  const kind = isSoftware ? ", computed by the CPU: for tests only" : "";
  const stored = precision === "f16-mixed" ? ", activations in half precision" : "";
  const tuned = tunedOn === undefined ? "" : `, tiles tuned ${tunedOn}`;
  return {
    name: "webgpu",
    description: `webgpu (${adapter}${kind}${stored}${tuned}, tfjs ${tf.version_core})`,
    gpu: { ...details, tiles: tunedOn === undefined ? "default" : `tuned ${tunedOn}` },
  };
}

/** A backend on a device of its own, in the place of the one before. */
async function openGpu({ isFirst }: { isFirst: boolean }): Promise<GpuBackend> {
  const opened = await openDevice();
  // Loaded only here: TensorFlow.js's own kernels for this backend are many.
  const { GpuBackend } = await import("./webgpu/backend.ts");
  const { registerTfjsKernelsOnGpu } = await import("./webgpu/tfjs/mod.ts");
  if (isFirst) registerTfjsKernelsOnGpu();
  const backend = new GpuBackend(opened);
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => backend);
  return backend;
}

async function startSimd(wanted: SimdOptions): Promise<BackendInfo> {
  if (!tf.engine().registryFactory["simd"]) {
    const backend = await SimdBackend.open(wanted);
    tf.registerBackend("simd", () => backend);
    registerTfjsKernels();
    for (const kernel of tf.getKernelsForBackend("cpu")) {
      if (!tf.getKernel(kernel.kernelName, "simd")) tf.registerKernel({ ...kernel, backendName: "simd" });
    }
  }
  await tf.setBackend("simd");
  const { speed, heapUse } = tf.backend() as unknown as SimdBackend;
  const { threads, vectorBits } = speed;
  const kernels = `WebAssembly kernels, ${threads} ${threads === 1 ? "thread" : "threads"}, ${vectorBits}-bit vectors`;
  return {
    name: "simd",
    description: `simd (${kernels}, tfjs ${tf.version_core})`,
    simd: { threads, vectorBits, relaxed: hasRelaxedSimd(), heapBytes: heapUse.limitBytes },
  };
}
