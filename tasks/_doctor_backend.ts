/** What the report says of the backend, the flags it wants, its speed, and the graphics processor. */
import { measurePeak } from "../bench/peak.ts";
import { messageOf } from "../lib/errors.ts";
import { startBackend } from "../lib/host/mod.ts";
import { type BackendInfo, type BackendName, selectBackend, type SimdInfo, tf } from "../lib/tensor/mod.ts";
import { formatBytes, type Line, orNull } from "./_doctor_report.ts";
import { COMPUTE_FLAGS } from "./test.ts";

/** The backend that tasks would get, and why. */
export interface BackendFacts extends BackendInfo {
  readonly wanted: BackendName;
  /** What kept `simd` from starting, where `auto` went on without it. */
  readonly simdProblem: string | null;
  /** Threads that were asked for, all processors by default. */
  readonly wantedThreads: number;
}

/** Starts the backend as tasks do. */
export async function findBackend(
  wanted: BackendName,
  { threads: wantedThreads = navigator.hardwareConcurrency }: { threads?: number } = {},
): Promise<BackendFacts> {
  const info = await startBackend(wanted, { threads: wantedThreads, warn: console.error });
  const simdProblem = wanted === "auto" && info.name === "reference" ? await startProblem() : null;
  return { ...info, wanted, simdProblem, wantedThreads };
}

/** Tries `simd` once more for the reason that `auto` keeps to itself. */
async function startProblem(): Promise<string> {
  try {
    await selectBackend("simd");
  } catch (error) {
    return messageOf(error);
  }
  return "Cannot say why simd was not taken: it starts now";
}

/** Lines of {@linkcode BackendFacts}. */
export function describeBackend({ name, description, wanted, simd, simdProblem, wantedThreads }: BackendFacts): Line[] {
  const lines: Line[] = [{ label: "chosen", text: description }];
  if (simdProblem !== null) {
    const text = `${simdProblem}\nauto went on with the slow reference backend: good for small experiments only`;
    lines.push({ label: "why", text, state: "note" });
  } else lines.push({ label: "why", text: wanted === "auto" ? `auto takes ${name} where it starts` : "asked for" });
  return simd ? [...lines, ...describeSimd(simd, wantedThreads)] : lines;
}

function describeSimd({ threads, relaxed, heapBytes }: SimdInfo, wantedThreads: number): Line[] {
  const missing = wantedThreads - threads;
  return [
    missing > 0
      ? { label: "threads", text: `${threads}: ${missing} more did not start`, state: "note" }
      : { label: "threads", text: String(threads) },
    relaxed ? { label: "kernels", text: "relaxed SIMD: fused multiply-adds" } : {
      label: "kernels",
      text: "baseline module: this engine has no relaxed SIMD, so a multiply-add takes two instructions",
      state: "note",
    },
    { label: "heap", text: `up to ${formatBytes(heapBytes)} of tensors, further ones move out` },
  ];
}

/** The V8 flags of the compute tasks, as far as a process can tell. */
export interface FlagFacts {
  /** Bits of the vectors that the matrix product was timed to have; null where no kernel runs. */
  readonly vectorBits: 128 | 256 | null;
  readonly architecture: string;
  /** Value of DENO_V8_FLAGS, empty when not set; null when this process may not read it. */
  readonly environment: string | null;
}

/** Reads what is known of the flags. */
export function findFlags({ simd }: Pick<BackendInfo, "simd">): FlagFacts {
  return {
    vectorBits: simd?.vectorBits ?? null,
    architecture: Deno.build.arch,
    environment: orNull(() => Deno.env.get("DENO_V8_FLAGS") ?? ""),
  };
}

/** The two flags without the option that carries them. */
const FLAGS = COMPUTE_FLAGS.replace("--v8-flags=", "");

/** Lines of {@linkcode FlagFacts}. */
export function describeFlags({ vectorBits, architecture, environment }: FlagFacts): Line[] {
  return [describeEffect({ vectorBits, architecture }), describeEnvironment(environment)];
}

function describeEffect({ vectorBits, architecture }: Omit<FlagFacts, "environment">): Line {
  const label = "in effect";
  if (vectorBits === null) return { label, text: "does not matter: no kernel of the simd backend runs" };
  if (vectorBits === 256) return { label, text: "both: products run on 256-bit vectors, which takes both flags" };
  if (architecture !== "x86_64") {
    return { label, text: `128-bit vectors: on ${architecture} V8 has no wider ones, with or without the flags` };
  }
  const advice = `start through deno task, or with ${COMPUTE_FLAGS}`;
  const exception = "if both were given, this processor has no AVX2, or this V8 no longer has the flags";
  return { label, text: `no: 128-bit vectors, less than half the speed\n${advice};\n${exception}`, state: "note" };
}

function describeEnvironment(environment: string | null): Line {
  const label = "DENO_V8_FLAGS";
  if (environment === null) return { label, text: "unknown" };
  if (environment === "") {
    return { label, text: "not set; deno task gives the flags itself, scripts of your own need it" };
  }
  const given = environment.split(/[\s,]+/);
  const missing = FLAGS.split(",").filter((flag) => !given.includes(flag));
  if (missing.length === 0) return { label, text: `${environment}: right for scripts of your own` };
  return { label, text: `${environment}: holds for every deno, and lacks ${missing.join(" and ")} for scripts` };
}

/** Quick speeds of all threads; null where no kernel runs. */
export type SpeedFacts = { readonly gflops: number; readonly copyGBs: number } | null;

/** Measures for some two seconds. */
export function findSpeed(): SpeedFacts {
  if (tf.getBackend() !== "simd") return null;
  const backend = tf.backend() as unknown as Parameters<typeof measurePeak>[0];
  const { gflops, copyGBs } = measurePeak(backend, { copy: true });
  return { gflops, copyGBs: copyGBs ?? NaN };
}

/** Lines of {@linkcode SpeedFacts}. */
export function describeSpeed(facts: SpeedFacts): Line[] {
  if (!facts) return [{ label: "kernels", text: "not measured: the reference backend has none" }];
  return [
    { label: "matrix product", text: `${facts.gflops.toPrecision(3)} GFLOP/s, operands in the caches` },
    { label: "copying memory", text: `${facts.copyGBs.toPrecision(3)} GB/s, read and written` },
  ];
}

/** The graphics processor that WebGPU would use. */
export interface GpuFacts {
  /** Whether this Deno has WebGPU at all. */
  readonly available: boolean;
  /** Null when there is no adapter. */
  readonly adapter: GpuAdapterFacts | null;
}

/** One adapter. */
export interface GpuAdapterFacts {
  readonly name: string;
  readonly limits: Readonly<Record<(typeof GPU_LIMITS)[number], number>>;
  readonly features: readonly string[];
}

const GPU_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
] as const;
/** Features that kernels would ask for. */
const GPU_FEATURES = ["shader-f16", "subgroups", "timestamp-query"];

/** Asks for an adapter. This loads the graphics drivers, which print what they like. */
export async function findGpu(): Promise<GpuFacts> {
  const gpu = (navigator as { gpu?: GPU }).gpu;
  const adapter = await gpu?.requestAdapter();
  if (!adapter) return { available: gpu !== undefined, adapter: null };
  const { vendor, architecture, device, description } = adapter.info;
  const limits = Object.fromEntries(GPU_LIMITS.map((name) => [name, adapter.limits[name]]));
  return {
    available: true,
    adapter: {
      name: description || [vendor, architecture, device].filter((part) => part !== "").join(" ") || "without a name",
      limits: limits as GpuAdapterFacts["limits"],
      features: GPU_FEATURES.filter((feature) => adapter.features.has(feature)),
    },
  };
}

/** Lines of {@linkcode GpuFacts}. */
export function describeGpu({ available, adapter }: GpuFacts): Line[] {
  if (!available) return [{ label: "adapter", text: "this Deno has none; --unstable-webgpu may bring it" }];
  if (!adapter) return [{ label: "adapter", text: "none found: no Vulkan, Metal or D3D12 driver" }];
  const used: Line = {
    label: "used",
    text: "by --backend webgpu, and by auto unless the adapter is computed by the CPU",
  };
  const { limits } = adapter;
  const [buffer, binding] = [limits.maxBufferSize, limits.maxStorageBufferBindingSize].map(formatBytes);
  const workgroup = `${limits.maxComputeInvocationsPerWorkgroup} invocations`;
  return [
    { label: "adapter", text: adapter.name },
    { label: "buffers", text: `up to ${buffer}, bound up to ${binding}` },
    { label: "workgroups", text: `up to ${workgroup}, ${limits.maxComputeWorkgroupStorageSize / 1024} KiB shared` },
    { label: "features", text: adapter.features.join(", ") || "none that kernels would ask for" },
    used,
  ];
}
