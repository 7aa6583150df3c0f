/** What a device holds, binds and dispatches, and what is said of a call that goes beyond. */
import { formatShape } from "../../errors.ts";
import type { GpuProgram } from "./programs.ts";
import type { GpuArray, GpuCall } from "./runtime.ts";

/** The limits that kernels meet. */
export type DeviceLimits = Pick<
  GPUSupportedLimits,
  | "maxBufferSize"
  | "maxStorageBufferBindingSize"
  | "minStorageBufferOffsetAlignment"
  | "maxStorageBuffersPerShaderStage"
  | "maxComputeWorkgroupsPerDimension"
>;

/** The limits of a device as plain numbers: every dispatch looks at them, and a device's own are slow to ask. */
export function limitsOf({ limits }: GPUDevice): DeviceLimits {
  return {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  };
}

/** An array or a dispatch is too large for the device; a part of it may not be. */
export class TooLargeError extends RangeError {}

/** Bytes that an array takes: whole words. */
export function bytesOf({ length, isHalf }: Pick<GpuArray, "length" | "isHalf">): number {
  return 4 * Math.ceil(isHalf ? length / 2 : length);
}

/** Values of a shape. */
export function lengthOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Refuses an array that one buffer does not hold.
 *
 * @throws {TooLargeError} which says what to lower
 */
export function checkHolding(array: Pick<GpuArray, "shape" | "length" | "isHalf">, most: number): void {
  const bytes = bytesOf(array);
  if (bytes <= most) return;
  throw new TooLargeError(
    `Cannot hold a tensor of shape ${formatShape(array.shape)} on this GPU: expected at most ${sizeText(most)}, ` +
      `got ${sizeText(bytes)}; lower run.batchSize, cropSize or templates.size, or use --backend simd`,
  );
}

/**
 * Refuses a dispatch whose arrays the device cannot bind, or of too many workgroups.
 *
 * @throws {TooLargeError} which says what to lower
 */
export function checkCall(
  { name }: GpuProgram,
  { inputs, outputs, workgroups }: Pick<GpuCall, "inputs" | "outputs" | "workgroups">,
  { maxStorageBufferBindingSize, maxComputeWorkgroupsPerDimension }: DeviceLimits,
): void {
  for (const arrays of [inputs, outputs]) {
    for (const array of arrays) {
      if (bytesOf(array) <= maxStorageBufferBindingSize) continue;
      throw new TooLargeError(
        `Cannot run ${name} on this GPU: expected arrays of at most ${sizeText(maxStorageBufferBindingSize)}, ` +
          `got ${sizeText(bytesOf(array))} of shape ${formatShape(array.shape)}; lower cropSize or run.batchSize, ` +
          "set run.precision=f16-mixed, or use --backend simd",
      );
    }
  }
  if (workgroups.every((count = 1) => count <= maxComputeWorkgroupsPerDimension)) return;
  throw new TooLargeError(
    `Cannot run ${name} on this GPU: expected at most ${maxComputeWorkgroupsPerDimension} workgroups along an axis, ` +
      `got ${workgroups.join(" × ")}; lower run.batchSize or cropSize, or use --backend simd`,
  );
}

function sizeText(bytes: number): string {
  const [unit, name] = bytes < 2 ** 24 ? [2 ** 10, "KiB"] : [2 ** 20, "MiB"];
  return `${Math.ceil(bytes / Number(unit))} ${name}`;
}
