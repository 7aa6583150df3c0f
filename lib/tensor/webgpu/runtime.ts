/** What a WebGPU kernel is given: inputs as buffers, outputs to fill, and programs to run. */
import { TooLargeError } from "./limits.ts";
import type { DeviceLimits } from "./limits.ts";
import type { GpuProgram } from "./programs.ts";
import type { AdapterTiles } from "./tiles.ts";

/** Whether activations lie in memory as 32-bit floats, or as 16-bit ones; see half.ts. */
export type GpuPrecision = "f32" | "f16-mixed";

/** A float32 tensor on the device. */
export interface GpuArray {
  readonly buffer: GPUBuffer;
  /** Bytes of the buffer before its first value, for windows of larger arrays; default 0. */
  readonly offset?: number;
  /** True where its values are stored as 16-bit floats. */
  readonly isHalf?: boolean;
  /** Number of values. */
  readonly length: number;
  readonly shape: readonly number[];
}

/** One dispatch. */
export interface GpuCall {
  /** Workgroups along x, y and z. */
  readonly workgroups: readonly [number, number?, number?];
  readonly inputs: readonly GpuArray[];
  readonly outputs: readonly GpuArray[];
  /** Unsigned integers of the shader's parameter struct, which come first in it. */
  readonly integers?: readonly number[];
  /** Floats of the struct, after the integers. */
  readonly floats?: readonly number[];
}

/** Services for one kernel call. */
export interface GpuRuntime {
  /** Limits of the device. */
  readonly limits: DeviceLimits;
  /** True where the "GPU" is the CPU: its best tiles are others. */
  readonly isSoftware: boolean;
  /** True where activations are stored in half precision. */
  readonly isMixed: boolean;
  /** Where the call is for a part of its arrays, the number of the part's first unit; else 0. */
  readonly firstUnit: number;
  /** Which tiles are fastest on it. */
  readonly tiles: AdapterTiles;
  /** Records a dispatch; it sees what earlier ones wrote. */
  run(program: GpuProgram, call: GpuCall): void;
  /** Copies values between arrays of one length and precision, wherever they begin. */
  copy(from: GpuArray, to: GpuArray): void;
  /** A new output in 32-bit floats; its content is undefined until a program writes it. */
  output(shape: readonly number[]): GpuArray;
  /** The same for an activation or the gradient of one, in half precision where that is wanted. */
  activation(shape: readonly number[]): GpuArray;
  /** The same for values that are moved or combined: in half precision if one of the sources is. */
  outputLike(shape: readonly number[], sources: readonly Pick<GpuArray, "isHalf">[]): GpuArray;
  /** Memory until the end of the call; content undefined. */
  scratch(length: number): GpuArray;
  /** The same for activations. */
  activationScratch(length: number): GpuArray;
  /** An input that programs may write as well; every tensor that shares its data changes with it. */
  overwrite(input: GpuArray): GpuArray;
}

/**
 * Workgroups for `count` of them in a row, laid over two dimensions where one does not hold them.
 *
 * The shader finds its place by `workgroup_id.x + workgroup_id.y * num_workgroups.x` and skips places from `count` on.
 *
 * @throws {RangeError} when two dimensions do not hold them either
 */
export function workgroupRow(
  count: number,
  { maxComputeWorkgroupsPerDimension: most }: Pick<DeviceLimits, "maxComputeWorkgroupsPerDimension">,
): [
  number,
  number,
] {
  const rows = Math.ceil(count / most);
  if (rows > most) throw new TooLargeError(`Cannot dispatch: expected at most ${most}² workgroups, got ${count}`);
  return [Math.ceil(count / rows), rows];
}
