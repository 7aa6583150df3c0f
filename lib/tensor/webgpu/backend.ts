/** TensorFlow.js's WebGPU backend with our kernels recorded among its own. */
import { BackendUnavailableError } from "../../errors.ts";
import { WebGPUBackend } from "../tf_webgpu.ts";
import { tf } from "../tf.ts";
import type { TensorInfo } from "../tf.ts";
import { BindGroups } from "./bind_groups.ts";
import { BufferPool } from "./buffers.ts";
import { copyValues } from "./copy_values.ts";
import type { OpenedDevice } from "./device.ts";
import { fillValues } from "./fill_values.ts";
import { bytesOf, checkCall, checkHolding, lengthOf, limitsOf, TooLargeError } from "./limits.ts";
import type { DeviceLimits } from "./limits.ts";
import { ParameterBlock } from "./parameters.ts";
import { runInParts, unitsThatFit } from "./parts.ts";
import type { Cut, CutCall, GpuKernel } from "./parts.ts";
import { Programs } from "./programs.ts";
import type { GpuProgram } from "./programs.ts";
import type { GpuArray, GpuCall, GpuPrecision, GpuRuntime } from "./runtime.ts";
import { Timeline } from "./timeline.ts";
import { UploadBlock } from "./uploads.ts";
import type { GpuSpan } from "./timeline.ts";
import { UNMEASURED } from "./tiles.ts";
import type { AdapterTiles } from "./tiles.ts";
import { adapterNameOf, tunedTilesOf } from "./tuned_tiles.ts";
import type { AdapterName, TunedTiles } from "./tuned_tiles.ts";

/** What the class keeps to itself and our kernels need: they are recorded into the same pass, in order. */
interface Internals {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  readonly commandQueueOwnedIds: WeakSet<object>;
  bufferManager: BufferPool;
}

/** What the class remembers of a tensor, and whether we store it in half precision. */
interface StoredTensor {
  resource: GPUBuffer | null | undefined;
  /** A copy on the host that reads are answered from. */
  values: unknown;
  readonly shape: readonly number[];
  readonly dtype: string;
  isHalf?: boolean;
}

/** What has happened on the device, for profiles. */
export interface GpuUse {
  /** Dispatches of our kernels. */
  readonly dispatches: number;
  /** Command buffers sent. */
  readonly submissions: number;
  /** Shaders compiled. */
  readonly programs: number;
  /** Groups of bindings made; the other dispatches found one that fits. */
  readonly bindGroups: number;
  /** Buffers made, staging included. */
  readonly buffers: number;
  /** Bytes of all tensors and scratch on the device, free ones that are kept included. */
  readonly allocatedBytes: number;
  /** Milliseconds in which the host waited for values; in the rest it prepared work for the device. */
  readonly waitMs: number;
}

/** Dispatches between two submissions: long enough to hide the host, short enough to keep the device busy. */
const DISPATCHES_PER_SUBMISSION = 64;
/** As tfjs allocates its tensors, so that scratch and tensors use the same buffers in turn. */
const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

const OUT_OF_MEMORY = "it is out of memory";
const GO_ON = "A run goes on from its last checkpoint with --resume FOLDER";
/** Going on would end the same way; recomputing is the only way to less memory that changes no number. */
const USE_LESS =
  'A pre-training goes on in less memory with "recomputeBlocks": true in its run.json and --resume FOLDER; ' +
  "or start anew with a lower run.batchSize or cropSize, or --backend simd";

/** The backend behind `--backend webgpu`. */
export class GpuBackend extends WebGPUBackend {
  /** True for adapters that compute on the CPU. */
  readonly isSoftware: boolean;
  /** What the device reported outside of any call: running out of memory, or a fault of ours. */
  readonly deviceErrors: string[] = [];
  /** Whether outputs and scratch are filled with NaN before a kernel runs: tests then see values it leaves unwritten. */
  poison = false;
  /** How activations are stored from now on. */
  precision: GpuPrecision = "f32";
  /** What was measured of the adapter's tiles. */
  tiles: AdapterTiles = UNMEASURED;
  /** When that was; undefined where tiles are the default ones. */
  tunedOn: string | undefined;
  /** What tells it from other adapters. */
  readonly adapterName: AdapterName;
  /** Name of the adapter for people. */
  readonly adapter: string;
  /** What the adapter says of itself, and the limits that kernels meet. */
  readonly details: Readonly<Record<string, string | number>>;
  /** What kernels keep within; tests lower it. */
  limits: DeviceLimits;
  readonly #programs: Programs;
  readonly #parameters: ParameterBlock;
  readonly #bindGroups: BindGroups;
  readonly #uploads: UploadBlock;
  /** Units of the parts that calls are cut into, of those that do not fit whole. */
  readonly #partUnits = new Map<string, number>();
  readonly #buffers: BufferPool;
  /** Rejects when the device goes away, as when its driver restarts. */
  readonly #lost: Promise<never>;
  #loss: BackendUnavailableError | null = null;
  #dispatches = 0;
  #pending = 0;
  #waitMs = 0;
  #timeline: Timeline | undefined;
  #submissions = 0;

  /** A backend on an opened device. */
  constructor({ device, info, isSoftware }: OpenedDevice) {
    super(device, info);
    this.isSoftware = isSoftware;
    this.adapter = info.description || [info.vendor, info.architecture].filter(Boolean).join(" ") || "unnamed adapter";
    const { vendor, architecture, device: model, description } = info;
    const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = device.limits;
    const limits = { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize };
    this.details = {
      vendor,
      architecture,
      device: model,
      description,
      ...limits,
      features: [...device.features].join(" "),
    };
    this.limits = limitsOf(device);
    this.adapterName = adapterNameOf(info);
    this.#programs = new Programs(device);
    this.#parameters = new ParameterBlock(device);
    this.#bindGroups = new BindGroups(device, this.#parameters);
    this.#uploads = new UploadBlock(device);
    this.#buffers = this.#internals.bufferManager = new BufferPool(device);
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const isFull = event.error instanceof GPUOutOfMemoryError;
      this.deviceErrors.push(isFull ? OUT_OF_MEMORY : event.error.message);
    });
    this.#lost = device.lost.then(({ message }) => {
      this.#loss = new BackendUnavailableError(
        `Lost the GPU: ${message || "its driver gave no reason"}. ${this.#isFull ? USE_LESS : GO_ON}`,
      );
      throw this.#loss;
    });
    // Whoever reads next is told; until then nobody listens.
    this.#lost.catch(() => {});
  }

  /** True once the device is gone; nothing can be computed on this backend any more. */
  get isLost(): boolean {
    return this.#loss !== null;
  }

  /** True when the device has run out of memory, which it would do again. */
  get #isFull(): boolean {
    return this.deviceErrors.includes(OUT_OF_MEMORY);
  }

  /**
   * Why the device is gone, by no fault of what ran on it; null when it is there, or had run out of memory before.
   *
   * A loss is reported between two turns of the event loop: whatever failed meanwhile may say something else.
   */
  async loss(): Promise<BackendUnavailableError | null> {
    await Promise.allSettled([Promise.race([this.device.queue.onSubmittedWorkDone(), this.#lost])]);
    return this.#isFull ? null : this.#loss;
  }

  /** Counts since the start. */
  get use(): GpuUse {
    const [dispatches, submissions, waitMs] = [this.#dispatches, this.#submissions, this.#waitMs];
    const { numBytesAllocatedInGPU: allocatedBytes } = this.memory();
    return {
      dispatches,
      submissions,
      programs: this.#programs.size,
      bindGroups: this.#bindGroups.made,
      buffers: this.#buffers.made,
      allocatedBytes,
      waitMs,
    };
  }

  /** Takes what was measured on this adapter from now on, or the default tiles where nothing was. */
  useTiles(measured: readonly TunedTiles[]): void {
    const tuned = tunedTilesOf(this.adapterName, measured);
    this.tiles = tuned ?? UNMEASURED;
    this.tunedOn = tuned?.date;
  }

  /**
   * Times the dispatches of our kernels from now on; see {@linkcode takeTimeline}.
   *
   * @throws {RangeError} when the device has no timestamps
   */
  startTimeline(): void {
    this.#timeline = new Timeline(this.device);
  }

  /** When our kernels ran since {@linkcode startTimeline}; stops timing. */
  async takeTimeline(): Promise<GpuSpan[]> {
    await this.finish();
    const timeline = this.#timeline;
    this.#timeline = undefined;
    return await timeline?.take() ?? [];
  }

  /**
   * Runs a kernel: inputs are brought to the device, outputs become tensors.
   *
   * @param options how it may be called for a part at a time, where a call of the whole is too large for the device
   * @throws {RangeError} when it is, and no part fits
   */
  runKernel(
    inputs: Readonly<Record<string, TensorInfo>>,
    kernel: GpuKernel,
    options?: { readonly name: string; readonly cut: Cut },
  ): TensorInfo[] {
    const given = Object.entries(inputs).map(([name, info]) => [name, this.#arrayOf(info)]);
    const arrays: Record<string, GpuArray> = Object.fromEntries(given);
    const infos = Object.values(inputs);
    if (!options) return this.#call(infos, (runtime) => kernel(arrays, runtime));
    const call = { kernel, arrays, ...options };
    const key = this.#partUnits.size > 0 ? keyOf(call) : "";
    const known = this.#partUnits.get(key);
    try {
      return this.#call(infos, (runtime) => {
        return known === undefined ? kernel(arrays, runtime) : runInParts(call, known, runtime);
      });
    } catch (error) {
      if (!(error instanceof TooLargeError)) throw error;
      return this.#call(infos, (runtime) => {
        const units = unitsThatFit(call, runtime);
        this.#partUnits.set(keyOf(call), units);
        return runInParts(call, units, runtime);
      });
    }
  }

  #call(inputs: readonly TensorInfo[], kernel: (runtime: GpuRuntime) => GpuArray[]): TensorInfo[] {
    const scratch: GPUBuffer[] = [];
    const outputs = new Map<GPUBuffer, TensorInfo>();
    let infos: TensorInfo[] = [];
    try {
      infos = kernel(this.#openRuntime({ inputs, outputs, scratch })).map(({ buffer }) => outputs.get(buffer)!);
    } finally {
      // What is recorded later runs later, so that the scratch may be used again at once.
      for (const buffer of scratch) this.#buffers.releaseBuffer(buffer);
      for (const info of outputs.values()) if (!infos.includes(info)) this.disposeData(info.dataId);
    }
    return infos;
  }

  /** Brings a tensor to the device as TensorFlow.js's own kernels read it: in 32-bit floats. */
  override uploadToGPU(dataId: object): void {
    const stored = this.#stored(dataId);
    if (stored.isHalf) return this.#widen(stored);
    // TensorFlow.js binds tensors whole.
    const { shape } = stored, { maxStorageBufferBindingSize, maxBufferSize } = this.limits;
    checkHolding({ shape, length: lengthOf(shape) }, Math.min(maxStorageBufferBindingSize, maxBufferSize));
    this.#upload(dataId, stored);
  }

  #upload(dataId: object, stored: StoredTensor): void {
    const { resource, values, dtype, shape } = stored;
    const byteLength = 4 * lengthOf(shape);
    const isSmall = byteLength > 0 && this.#uploads.takes(byteLength);
    if (resource || !values || !isSmall || dtype === "complex64") return super.uploadToGPU(dataId);
    if (!this.#uploads.hasRoom(byteLength)) this.#submit();
    const numbers = values as ArrayLike<number>;
    const offset = this.#uploads.add(dtype === "float32" ? Float32Array.from(numbers) : Int32Array.from(numbers));
    const buffer = this.#buffers.acquireBuffer(byteLength, STORAGE);
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.#internals.commandEncoder!.copyBufferToBuffer(this.#uploads.buffer, offset, buffer, 0, byteLength);
    Object.assign(stored, { resource: buffer, values: null });
  }

  /** Frees at once: tfjs waits for the next submission, but whoever gets the buffer next is recorded after its users. */
  override disposeData(dataId: object, force = false): boolean {
    this.#internals.commandQueueOwnedIds.delete(dataId);
    return super.disposeData(dataId, force);
  }

  /**
   * Reads a tensor.
   *
   * @throws {BackendUnavailableError} when the device reported an error since the start, or is lost
   */
  override async read(dataId: object): ReturnType<WebGPUBackend["read"]> {
    // Half precision is what we store, not what anyone reads.
    if (this.tensorMap.has(dataId) && this.#stored(dataId).isHalf) this.uploadToGPU(dataId);
    const values = await this.#wait(super.read(dataId));
    if (this.deviceErrors.length > 0) {
      const advice = this.#isFull ? USE_LESS : GO_ON;
      throw new BackendUnavailableError(`Cannot go on with this GPU: ${this.deviceErrors[0]}. ${advice}`);
    }
    return values;
  }

  /** Sends what was recorded and waits until the device has done it. */
  async finish(): Promise<void> {
    this.#submit();
    await this.#wait(this.device.queue.onSubmittedWorkDone());
  }

  /** Waits for the device, as long as it is there. */
  async #wait<T>(work: Promise<T>): Promise<T> {
    const start = tf.util.now();
    const result = await Promise.race([work, this.#lost]);
    this.#waitMs += tf.util.now() - start;
    return result;
  }

  override submitQueue(): void {
    this.#parameters.flush();
    this.#uploads.flush();
    this.#pending = 0;
    this.#submissions++;
    super.submitQueue();
  }

  get #internals(): Internals {
    return this as unknown as Internals;
  }

  #openRuntime(
    { inputs, outputs, scratch }: {
      inputs: readonly TensorInfo[];
      outputs: Map<GPUBuffer, TensorInfo>;
      scratch: GPUBuffer[];
    },
  ): GpuRuntime {
    const output = (shape: readonly number[], isHalf: boolean): GpuArray => {
      const array = this.#newTensor(shape, { isHalf, outputs });
      this.#poisonIfAsked(array);
      return array;
    };
    const take = (length: number, isHalf: boolean): GpuArray => {
      const array = { buffer: this.#acquire([length], isHalf), length, shape: [length], isHalf };
      scratch.push(array.buffer);
      this.#poisonIfAsked(array);
      return array;
    };
    const isMixed = this.precision === "f16-mixed";
    return {
      limits: this.limits,
      isSoftware: this.isSoftware,
      isMixed,
      firstUnit: 0,
      tiles: this.tiles,
      run: (program, call) => this.#record(program, call),
      copy: (from, to) => this.#copy(from, to),
      output: (shape) => output(shape, false),
      activation: (shape) => output(shape, isMixed),
      outputLike: (shape, sources) => output(shape, sources.some(({ isHalf }) => isHalf)),
      scratch: (length) => take(length, false),
      activationScratch: (length) => take(length, isMixed),
      overwrite: (array) => {
        for (const { dataId } of inputs) {
          const stored = this.#stored(dataId);
          if (stored.resource === array.buffer) stored.values = null;
        }
        return array;
      },
    };
  }

  #newTensor(
    shape: readonly number[],
    { isHalf, outputs }: { isHalf: boolean; outputs: Map<GPUBuffer, TensorInfo> },
  ): GpuArray {
    const buffer = this.#acquire(shape, isHalf);
    const info = this.makeTensorInfo([...shape], "float32");
    Object.assign(this.#stored(info.dataId), { resource: buffer, isHalf });
    outputs.set(buffer, info);
    return { buffer, length: lengthOf(shape), shape, isHalf };
  }

  #stored(dataId: object): StoredTensor {
    return this.tensorMap.get(dataId) as unknown as StoredTensor;
  }

  #arrayOf({ dataId, shape }: TensorInfo): GpuArray {
    const { isHalf = false } = this.#stored(dataId);
    checkHolding({ shape, length: lengthOf(shape), isHalf }, this.limits.maxBufferSize);
    if (!isHalf) this.#upload(dataId, this.#stored(dataId));
    return { buffer: this.#stored(dataId).resource!, length: lengthOf(shape), shape, isHalf };
  }

  #widen(stored: StoredTensor): void {
    const { shape, resource } = stored;
    const length = lengthOf(shape);
    const narrow = { buffer: resource!, length, shape, isHalf: true };
    const wide = { buffer: this.#acquire(shape, false), length, shape };
    const run: GpuRuntime["run"] = (program, call) => this.#record(program, call);
    copyValues({ x: narrow, y: wide }, { run, limits: this.limits });
    this.#buffers.releaseBuffer(narrow.buffer);
    Object.assign(stored, { resource: wide.buffer, isHalf: false });
  }

  /** Memory for values of a shape; its size is that of whole words. */
  #acquire(shape: readonly number[], isHalf: boolean): GPUBuffer {
    const array = { shape, length: lengthOf(shape), isHalf };
    checkHolding(array, this.limits.maxBufferSize);
    return this.#buffers.acquireBuffer(Math.max(4, bytesOf(array)), STORAGE);
  }

  #copy(from: GpuArray, to: GpuArray): void {
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    const { commandEncoder } = this.#internals;
    commandEncoder!.copyBufferToBuffer(from.buffer, from.offset ?? 0, to.buffer, to.offset ?? 0, bytesOf(from));
  }

  /** The whole buffer where the device binds it, else the array's own window. */
  #bindingOf(array: GpuArray): GPUBufferBinding {
    const { buffer, offset } = array;
    if (offset === undefined && buffer.size <= this.limits.maxStorageBufferBindingSize) return { buffer };
    return { buffer, offset: offset ?? 0, size: bytesOf(array) };
  }

  #poisonIfAsked(array: GpuArray): void {
    if (!this.poison || array.length === 0) return;
    fillValues(array, NaN, { run: (program, call) => this.#record(program, call), limits: this.limits });
  }

  #record(program: GpuProgram, { workgroups, inputs, outputs, integers = [], floats = [] }: GpuCall): void {
    checkCall(program, { inputs, outputs, workgroups }, this.limits);
    if (this.#parameters.isFull) this.#submit();
    const arrays = [...inputs, ...outputs];
    const halves = arrays.flatMap(({ isHalf }, index) => isHalf ? [index] : []);
    const counts = { inputs: inputs.length, outputs: outputs.length, halves };
    const { pipeline, layout } = this.#programs.compile(program, counts);
    const offset = this.#parameters.add(integers, floats);
    const group = this.#bindGroups.take(layout, arrays.map((array) => this.#bindingOf(array)));
    this.ensureCommandEncoderReady();
    const timed = this.#timeline?.next(program.name);
    if (timed) this.endComputePassEncoder();
    const pass = this.#internals.computePassEncoder ??= this.#internals.commandEncoder!.beginComputePass(timed);
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1);
    if (timed) this.endComputePassEncoder();
    this.#dispatches++;
    if (++this.#pending >= DISPATCHES_PER_SUBMISSION) this.#submit();
  }

  #submit(): void {
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.submitQueue();
  }
}

/** Tells calls apart that fit differently, but for what their attributes change. */
function keyOf({ name, cut: { along }, arrays }: CutCall): string {
  const sizes = Object.values(arrays).map(({ shape, isHalf }) => `${shape}${isHalf ? "h" : ""}`);
  return `${name}/${along}/${sizes.join("/")}`;
}
