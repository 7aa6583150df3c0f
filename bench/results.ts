/** Results as they are kept: what was measured, when, on what, and how new results join old ones. */
import type { KernelTime } from "./profile.ts";
import type { Machine } from "./machine.ts";
import type { Peak } from "./peak.ts";
import type { Timing } from "./timing.ts";

/** What PyTorch says of itself. */
export interface TorchInfo {
  readonly version: string;
  readonly threads: number;
  /** The library behind matrix products, and whether oneDNN is there. */
  readonly libraries: string;
}

/** Everything that holds for all numbers of one run. */
export interface RunInfo {
  /** UTC, to the minute. */
  readonly date: string;
  readonly command: string;
  readonly machine: Machine;
  /** One line. */
  readonly backend: string;
  readonly threads: number;
  /** Edge of the crop. */
  readonly size: number;
  /** Null on the reference backend, which has no micro-kernel. */
  readonly peak: Peak | null;
  /** Why PyTorch was not measured, or what it is. */
  readonly torch: TorchInfo | string;
}

/** Parts of an operation that are timed. */
export type Pass = "forward" | "backward" | "dx" | "dW";

/** Stock tfjs: measured, or scaled up from a smaller problem when it would take too long. */
export type StockTiming = Timing | { readonly estimatedMs: number };

/** One line of the table of operations. */
export interface OpRow {
  readonly op: string;
  readonly title: string;
  readonly pass: Pass;
  readonly flops: number;
  /** Inputs and outputs, each once. */
  readonly bytes: number;
  readonly ours: Timing;
  readonly tfjs: StockTiming | null;
  readonly torch: Timing | null;
}

/** Operations measured in one run. */
export interface OpBlock {
  readonly run: RunInfo;
  readonly rows: readonly OpRow[];
}

/** One side's training step. */
export interface StepTiming extends Timing {
  /** Most memory the process had. */
  readonly peakProcessBytes: number;
}

/** What tensors took of the backend's memory. */
export interface StepHeap {
  readonly peakBytes: number;
  /** Copied out in a step because the memory was full. */
  readonly spilledBytes: number;
}

/** What a step asks of the host on a GPU. */
export interface GpuShare {
  /** Dispatches of our kernels per step. */
  readonly dispatches: number;
  /** Command buffers per step. */
  readonly submissions: number;
  /** Buffers, and groups of bindings, made per step; missing in results of earlier versions. */
  readonly buffers?: number;
  readonly bindGroups?: number;
  /** Bytes of all tensors and scratch on the device, free ones included; missing in results of earlier versions. */
  readonly allocatedBytes?: number;
  /** Share of the step in which the host worked and did not wait for values. */
  readonly hostShare: number;
}

/** The training step of one backbone. */
export interface StepBlock {
  readonly run: RunInfo;
  readonly backbone: string;
  /** Trained values of the network, templates apart. */
  readonly parameters: number;
  /** Floating-point operations of a step of the official network; null where they have not been counted. */
  readonly flops: number | null;
  readonly ours: StepTiming;
  /** Null on the reference backend. */
  readonly heap: StepHeap | null;
  /** Null where there is no GPU; missing in results of earlier versions. */
  readonly gpu?: GpuShare | null;
  /** Means over the timed steps. */
  readonly kernels: readonly KernelTime[];
  readonly torch: StepTiming | null;
}

/** The file. */
export interface BenchResults {
  readonly operations: readonly OpBlock[];
  readonly steps: readonly StepBlock[];
}

/** No results yet. */
export const NO_RESULTS: BenchResults = { operations: [], steps: [] };

/** Two runs whose numbers replace each other. */
function isSameSetting(a: RunInfo, b: RunInfo): boolean {
  return a.size === b.size && a.backend === b.backend;
}

/** Adds operations; older numbers of the same operations go, all others stay beside their own run. */
export function withOperations(results: BenchResults, block: OpBlock): BenchResults {
  const measured = new Set(block.rows.map(({ op }) => op));
  const kept = results.operations.map(({ run, rows }) => ({
    run,
    rows: isSameSetting(run, block.run) ? rows.filter(({ op }) => !measured.has(op)) : rows,
  }));
  return { ...results, operations: [...kept.filter(({ rows }) => rows.length > 0), block] };
}

/** Adds a training step in the place of the older one of the same network and size. */
export function withStep(results: BenchResults, block: StepBlock): BenchResults {
  const kept = results.steps.filter(({ run, backbone }) => {
    return backbone !== block.backbone || !isSameSetting(run, block.run);
  });
  return { ...results, steps: [...kept, block] };
}
