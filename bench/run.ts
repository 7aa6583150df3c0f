/** One run of the benchmark: from arguments to written results. */
import process from "node:process";
import { messageOf } from "../lib/errors.ts";
import {
  createProgress,
  formatDuration,
  readTunedTiles,
  startBackend,
  TILES_FILE,
  writeTunedTiles,
} from "../lib/host/mod.ts";
import { tf } from "../lib/tensor/mod.ts";
import type { BackendName } from "../lib/tensor/mod.ts";
import { withTunedTiles } from "../lib/tensor/webgpu/tuned_tiles.ts";
import type { SimdBackend } from "../lib/tensor/simd/backend.ts";
import type { GpuBackend } from "../lib/tensor/webgpu/backend.ts";
import { describeMachine } from "./machine.ts";
import { matches, opCases } from "./op_cases.ts";
import { benchOps } from "./ops.ts";
import { measureGpuPeak } from "./gpu_peak.ts";
import { measurePeak } from "./peak.ts";
import type { Peak } from "./peak.ts";
import { profileKernels } from "./profile.ts";
import type { KernelProfile } from "./profile.ts";
import { withOperations, withStep } from "./results.ts";
import type { BenchResults, OpBlock, OpRow, RunInfo, StepBlock } from "./results.ts";
import { benchStep, flopsOfStep, officialRecipe } from "./step.ts";
import type { Backbone } from "./step.ts";
import type { Precision } from "../lib/trainer/mod.ts";
import { openResults, writeResults } from "./store.ts";
import { formatBlock, formatStep, formatTable, rateOf, significant } from "./table.ts";
import { formatTrace } from "./trace.ts";
import { rowOf, tuneSteps, tuneTiles } from "./tune.ts";
import { tuneCases } from "./tune_cases.ts";
import { findTorch, NO_TORCH, timeTorchStep, TorchOps } from "./torch.ts";

/** What the command line says. */
export interface BenchArguments {
  readonly withOps: boolean;
  /** Part of an operation's name or shape; null = all. */
  readonly filter: string | null;
  readonly step?: Backbone;
  readonly size: number;
  readonly backend: Exclude<BackendName, "auto">;
  readonly repeats: number;
  readonly threads: number;
  readonly precision: Precision;
  readonly torch: boolean;
  readonly tfjs: boolean;
  readonly out: string;
  /** Measures tiles and nothing else. */
  readonly tune?: true;
  /** File for a trace of one step. */
  readonly profile?: string;
}

/** What the run is called, and where it says how far it is. */
interface BenchOutput {
  readonly command: string;
  print(line: string): void;
}

/**
 * Measures what was asked for and joins it to the results in the folder; nothing is written before the end.
 *
 * @throws {RangeError} when no operation fits the filter
 */
export async function runBench(args: BenchArguments, { command, print }: BenchOutput): Promise<void> {
  if (args.tune) return await tune(args, print);
  let results = openResults(args.out);
  expectCases(args);
  const start = performance.now();
  const { description } = await startBackend(args.backend, { ...args, warn: print });
  const session: Session = {
    args,
    print,
    profile: profileKernels(tf.getBackend()),
    python: args.torch ? await findTorch() : undefined,
    base: {
      date: new Date().toISOString().slice(0, 16).replace("T", " "),
      command,
      machine: describeMachine(),
      backend: description,
      threads: args.threads,
      size: args.size,
    },
  };
  print(`backend ${description}`);
  if (args.torch) print(`torch   ${session.python ?? NO_TORCH}`);
  const tables: string[] = [];
  const add = (next: BenchResults, lines: string[]): void => {
    results = next;
    tables.push(...lines);
  };
  // The step first: its most memory would otherwise be that of the operations.
  if (args.step) await measureStep(session, args.step).then((b) => add(withStep(results, b), formatStep(b)));
  if (args.withOps) await measureOps(session).then((b) => add(withOperations(results, b), formatBlock(b)));
  const path = writeResults(args.out, results);
  console.log(tables.join("\n"));
  console.log(`\ndone in ${formatDuration((performance.now() - start) / 1000)}: ${path}`);
}

/** Measures tiles on this GPU and writes down which are the fastest. */
async function tune({ backend, size }: BenchArguments, print: (line: string) => void): Promise<void> {
  if (backend !== "webgpu") throw new RangeError(`Cannot tune tiles: expected --backend webgpu, got ${backend}`);
  const start = performance.now();
  const { description } = await startBackend(backend, { warn: print });
  print(`backend ${description}`);
  const cases = tuneCases(size);
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  using progress = createProgress({ total: tuneSteps(cases), label: "tiles" });
  const { tuned, found } = await tuneTiles(tf.backend() as unknown as GpuBackend, cases, {
    date,
    report: (done, product) => progress.update(done, { product }),
  });
  progress[Symbol.dispose]();
  await writeTunedTiles(TILES_FILE, withTunedTiles(await readTunedTiles(TILES_FILE, print), tuned));
  const header = ["kernel", "product", "fastest tile", "default ms", "fastest ms", "less"];
  console.log(formatTable(header, found.map(rowOf), { words: 3 }).join("\n"));
  const [usual, best] = [found.map(({ defaultMs }) => defaultMs), found.map(({ best: { ms } }) => ms)].map(total);
  console.log(`\nall products once: ${significant(usual)} ms with default tiles, ${significant(best)} ms with these`);
  if (found.length < cases.length) console.log(`${cases.length - found.length} products are too large for this GPU`);
  const duration = formatDuration((performance.now() - start) / 1000);
  console.log(
    `workgroups that fill it: ${tuned.full}\ndone in ${duration}: ${TILES_FILE}, read by every task from now on`,
  );
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

interface Session {
  readonly args: BenchArguments;
  readonly print: (line: string) => void;
  readonly profile: KernelProfile;
  /** The Python that has torch. */
  readonly python: string | undefined;
  readonly base: Omit<RunInfo, "peak" | "torch">;
}

function expectCases({ withOps, filter, size }: BenchArguments): void {
  if (!withOps || filter === null || opCases(size).some((opCase) => matches(opCase, filter))) return;
  throw new RangeError(`Cannot measure "${filter}": no operation has it in its name or shape`);
}

/** The backend with its heap, null for the others. */
function simdBackend(): SimdBackend | null {
  return tf.getBackend() === "simd" ? tf.backend() as unknown as SimdBackend : null;
}

/** The ceilings of the backend in use; null on the reference backend. */
async function peakOf({ copy }: { copy: boolean }): Promise<Peak | null> {
  const simd = simdBackend();
  if (simd) return measurePeak(simd, { copy });
  if (tf.getBackend() !== "webgpu") return null;
  return await measureGpuPeak(tf.backend() as unknown as GpuBackend, { copy });
}

function absentTorch({ torch }: BenchArguments): string {
  return torch ? NO_TORCH : "left out";
}

async function measureOps({ args, print, profile, python, base }: Session): Promise<OpBlock> {
  const peak = await peakOf({ copy: true });
  if (peak) print(`peak    ${significant(peak.gflops)} GFLOP/s, ${significant(peak.copyGBs!)} GB/s`);
  await using torch = python === undefined ? null : await TorchOps.open(python, args);
  const { size, filter, repeats, tfjs: withStock } = args;
  const report = (rows: readonly OpRow[], { done, total }: { done: number; total: number }): void => {
    for (const row of rows) {
      const { rate, share } = rateOf(row, peak);
      const beside = row.torch ? `, PyTorch ${significant(row.torch.ms)} ms` : "";
      const times = `${significant(row.ours.ms)} ms, ${rate}, ${share}${beside}`;
      print(`${done}/${total}  ${row.op} ${row.title} ${row.pass}: ${times}`);
    }
  };
  const rows = await benchOps({ size, filter, repeats, withStock, torch, profile, report, warn: print });
  return { run: { ...base, peak, torch: torch?.info ?? absentTorch(args) }, rows };
}

async function measureStep({ args, print, profile, python, base }: Session, backbone: Backbone): Promise<StepBlock> {
  const { size, repeats, threads } = args;
  const backend = simdBackend();
  const spilled: number[] = [];
  const report = (ms: number, { done, total }: { done: number; total: number }): void => {
    spilled.push(backend?.heapUse.spills.bytes ?? 0);
    print(`${backbone} ${size}³  step ${done}/${total}: ${significant(ms / 1000)} s`);
  };
  const trace = args.profile !== undefined;
  const options = { repeats, profile, report, trace };
  const { timing, parameters, kernels, gpu, trace: traced } = await benchStep(officialRecipe(backbone, size), options);
  if (traced) Deno.writeTextFileSync(args.profile!, formatTrace(traced));
  const heap = backend && {
    peakBytes: backend.heapUse.peakBytes,
    spilledBytes: (spilled[spilled.length - 1] - spilled[0]) / (spilled.length - 1),
  };
  const peakProcessBytes = process.resourceUsage().maxRSS * 1024;
  const peak = await peakOf({ copy: false });
  const torch = python === undefined
    ? absentTorch(args)
    : await timeTorchStep(python, { backbone, size, repeats, threads }).catch(messageOf);
  if (typeof torch !== "string" && torch.parameters !== parameters) {
    throw new RangeError(`Cannot compare: PyTorch's ${backbone} has ${torch.parameters} values, ours ${parameters}`);
  }
  return {
    run: { ...base, peak, torch: typeof torch === "string" ? torch : torch.info },
    backbone,
    parameters,
    flops: flopsOfStep(backbone, size),
    ours: { ...timing, peakProcessBytes },
    heap,
    gpu,
    kernels,
    torch: typeof torch === "string" ? null : torch,
  };
}
