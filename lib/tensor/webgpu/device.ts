/** Opens the GPU: adapter, device with all the adapter's limits, and what went wrong on it. */
import { BackendUnavailableError } from "../../errors.ts";

/** A device with the adapter it came from. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** True for adapters that compute on the CPU, such as llvmpipe and SwiftShader. */
  readonly isSoftware: boolean;
}

/** Features that kernels or measurements use where they are offered. */
const WANTED_FEATURES: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16"];

/** Limits that kernels meet; a device has the defaults of the specification unless it is asked for more. */
const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const;

/** The adapter that computing would use, or null where there is none. */
export async function findAdapter(): Promise<GPUAdapter | null> {
  // Not there in every browser, nor in Deno built without it.
  const { gpu } = navigator as { gpu?: GPU };
  return await gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null;
}

/** True for adapters that compute on the CPU: right, but slower than kernels made for it. */
export function isSoftwareAdapter({ info }: GPUAdapter): boolean {
  if ("isFallbackAdapter" in info && info.isFallbackAdapter === true) return true;
  return /llvmpipe|lavapipe|swiftshader|software|basic render/i.test(`${info.description} ${info.device}`);
}

/**
 * Opens a device with everything the adapter offers.
 *
 * @throws {BackendUnavailableError} when there is no adapter
 */
export async function openDevice(): Promise<OpenedDevice> {
  const adapter = await findAdapter();
  if (!adapter) {
    throw new BackendUnavailableError(
      'Cannot start backend "webgpu": expected a GPU adapter, found none; on Linux it needs a Vulkan driver',
    );
  }
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  return { device, info: adapter.info, isSoftware: isSoftwareAdapter(adapter) };
}
