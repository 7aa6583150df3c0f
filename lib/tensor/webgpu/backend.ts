/** TensorFlow.js's WebGPU backend with our kernels recorded among its own. */
import { BackendUnavailableError } from "../../errors.ts";
import { WebGPUBackend } from "../tf_webgpu.ts";
import { tf } from "../tf.ts";
import type { TensorInfo } from "../tf.ts";
import type { OpenedDevice } from "./device.ts";
import { ParameterBlock } from "./parameters.ts";
import { Programs } from "./programs.ts";
import type { GpuProgram } from "./programs.ts";
import type { GpuArray, GpuCall, GpuRuntime } from "./runtime.ts";
import { Timeline } from "./timeline.ts";
import type { GpuSpan } from "./timeline.ts";
import fillSource from "./fill.wgsl" with { type: "text" };

/** What the class keeps to itself and our kernels need: they are recorded into the same pass, in order. */
interface Internals {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  readonly commandQueueOwnedIds: WeakSet<object>;
}

/** What has happened on the device, for profiles. */
export interface GpuUse {
  /** Dispatches of our kernels. */
  readonly dispatches: number;
  /** Command buffers sent. */
  readonly submissions: number;
  /** Shaders compiled. */
  readonly programs: number;
  /** Milliseconds in which the host waited for values; in the rest it prepared work for the device. */
  readonly waitMs: number;
}

/** Dispatches between two submissions: long enough to hide the host, short enough to keep the device busy. */
const DISPATCHES_PER_SUBMISSION = 64;
/** As tfjs allocates its tensors, so that scratch and tensors use the same buffers in turn. */
const STORAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

const GO_ON =
  "A run goes on from its last checkpoint: deno task pretrain --resume FOLDER. If it happens again, lower " +
  "run.batchSize or cropSize, or use --backend simd";

const FILL: GpuProgram = { name: "fill", source: fillSource };

/** The backend behind `--backend webgpu`. */
export class GpuBackend extends WebGPUBackend {
  /** True for adapters that compute on the CPU. */
  readonly isSoftware: boolean;
  /** What the device reported outside of any call: running out of memory, or a fault of ours. */
  readonly deviceErrors: string[] = [];
  /** Whether outputs and scratch are filled with NaN before a kernel runs: tests then see values it leaves unwritten. */
  poison = false;
  /** Name of the adapter for people. */
  readonly adapter: string;
  /** What the adapter says of itself, and the limits that kernels meet. */
  readonly details: Readonly<Record<string, string | number>>;
  readonly #programs: Programs;
  readonly #parameters: ParameterBlock;
  /** Rejects when the device goes away, as when its driver restarts. */
  readonly #lost: Promise<never>;
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
    this.#programs = new Programs(device);
    this.#parameters = new ParameterBlock(device);
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const isFull = event.error instanceof GPUOutOfMemoryError;
      this.deviceErrors.push(isFull ? "it is out of memory" : event.error.message);
    });
    this.#lost = device.lost.then(({ message }) => {
      throw new BackendUnavailableError(`Lost the GPU: ${message || "its driver gave no reason"}. ${GO_ON}`);
    });
    // Whoever reads next is told; until then nobody listens.
    this.#lost.catch(() => {});
  }

  /** Counts since the start. */
  get use(): GpuUse {
    const [dispatches, submissions, waitMs] = [this.#dispatches, this.#submissions, this.#waitMs];
    return { dispatches, submissions, programs: this.#programs.size, waitMs };
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
   * @throws {RangeError} when a tensor is larger than the device can bind
   */
  runKernel(
    inputs: Readonly<Record<string, TensorInfo>>,
    kernel: (arrays: Record<string, GpuArray>, runtime: GpuRuntime) => GpuArray[],
  ): TensorInfo[] {
    const scratch: GPUBuffer[] = [];
    const outputs = new Map<GPUBuffer, TensorInfo>();
    const runtime = this.#openRuntime({ outputs, scratch });
    const arrays = Object.entries(inputs).map(([name, info]) => [name, this.#arrayOf(info)]);
    const results = kernel(Object.fromEntries(arrays), runtime);
    // What is recorded later runs later, so that the scratch may be used again at once.
    for (const buffer of scratch) this.bufferManager.releaseBuffer(buffer);
    const infos = results.map(({ buffer }) => outputs.get(buffer)!);
    for (const info of outputs.values()) if (!infos.includes(info)) this.disposeData(info.dataId);
    return infos;
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
    const values = await this.#wait(super.read(dataId));
    if (this.deviceErrors.length > 0) {
      throw new BackendUnavailableError(`Cannot go on with this GPU: ${this.deviceErrors[0]}. ${GO_ON}`);
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
    this.#pending = 0;
    this.#submissions++;
    super.submitQueue();
  }

  get #internals(): Internals {
    return this as unknown as Internals;
  }

  #openRuntime(
    { outputs, scratch }: { outputs: Map<GPUBuffer, TensorInfo>; scratch: GPUBuffer[] },
  ): GpuRuntime {
    return {
      limits: this.device.limits,
      isSoftware: this.isSoftware,
      run: (program, call) => this.#record(program, call),
      output: (shape) => {
        const info = this.makeTensorInfo([...shape], "float32");
        const array = this.#arrayOf(info);
        outputs.set(array.buffer, info);
        this.#poisonIfAsked(array);
        return array;
      },
      scratch: (length) => {
        this.#checkSize([length]);
        const buffer = this.bufferManager.acquireBuffer(Math.max(4, length * 4), STORAGE);
        scratch.push(buffer);
        const array = { buffer, length, shape: [length] };
        this.#poisonIfAsked(array);
        return array;
      },
    };
  }

  #arrayOf({ dataId, shape }: TensorInfo): GpuArray {
    this.#checkSize(shape);
    this.uploadToGPU(dataId);
    const buffer = this.tensorMap.get(dataId).resource as GPUBuffer;
    return { buffer, length: shape.reduce((product, size) => product * size, 1), shape };
  }

  #checkSize(shape: readonly number[]): void {
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    const { maxStorageBufferBindingSize: most } = this.device.limits;
    if (bytes <= most) return;
    const mebibytes = (count: number): string => `${Math.ceil(count / 2 ** 20)} MiB`;
    throw new RangeError(
      `Cannot hold a tensor of shape [${shape.join(", ")}] on this GPU: expected at most ${mebibytes(most)}, ` +
        `got ${mebibytes(bytes)}; lower run.batchSize, cropSize or templates.size, or use --backend simd`,
    );
  }

  #poisonIfAsked(array: GpuArray): void {
    if (!this.poison || array.length === 0) return;
    const workgroups = Math.min(this.device.limits.maxComputeWorkgroupsPerDimension, Math.ceil(array.length / 64));
    this.#record(FILL, {
      workgroups: [workgroups],
      inputs: [],
      outputs: [array],
      integers: [array.length, 0x7fc00000],
    });
  }

  #record(program: GpuProgram, { workgroups, inputs, outputs, integers = [], floats = [] }: GpuCall): void {
    if (this.#parameters.isFull) this.#submit();
    const { pipeline, layout } = this.#programs.compile(program, { inputs: inputs.length, outputs: outputs.length });
    const offset = this.#parameters.add(integers, floats);
    const { buffer, slotBytes } = this.#parameters;
    const arrays = [...inputs, ...outputs];
    const group = this.device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer, size: slotBytes } },
        ...arrays.map((array, i) => ({ binding: 1 + i, resource: { buffer: array.buffer } })),
      ],
    });
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
