/** Results as Markdown. */
import type { BenchResults, OpBlock, OpRow, RunInfo, StepBlock, StockTiming } from "./results.ts";
import type { Peak } from "./peak.ts";

/** The whole of bench/RESULTS.md. */
export function formatResults({ operations, steps }: BenchResults): string {
  return [
    "# Benchmark results",
    "",
    "Written by `deno task bench`; change nothing here by hand. All numbers of a table come from one run.",
    ...([...operations, ...steps].some(({ run }) => isOnGpu(run)) ? [] : ["", NO_GPU]),
    "",
    "## Operations",
    "",
    ...OPERATIONS_LEGEND,
    ...(operations.length > 0 ? operations.flatMap(formatBlock) : ["", "Not measured yet: `deno task bench`."]),
    "",
    "## Training step",
    "",
    ...STEP_LEGEND,
    ...(steps.length > 0
      ? steps.flatMap(formatStep)
      : ["", "Not measured yet: `deno task bench --step uniformer --size 96`."]),
    "",
  ].join("\n");
}

const NO_GPU = "No GPU was at hand so far: nothing here was measured on one.";

/** True for numbers of a GPU that is not the CPU. */
function isOnGpu({ backend }: RunInfo): boolean {
  return backend.startsWith("webgpu") && !backend.includes("computed by the CPU");
}

const OPERATIONS_LEGEND = [
  "Shapes are those of UniFormer-small and UNET3D in training: one crop, two views. Times are medians. A rate is GFLOP/s",
  "where arithmetic is the narrower limit and GB/s where memory is, inputs and outputs counted once each; `of peak` is its",
  "share of this machine's peak in the same unit (of memory's, tensors that fit the caches may take more than all). The",
  "backward pass counts as two forward passes; `dx` and `dW` are its parts without the rest. `÷ ours` is the other's time over",
  "ours: above 1 we are faster. `tfjs` is the operation's composite on TensorFlow.js's plain cpu backend (with this toolkit's",
  "faster `Add`), beside `webgpu` on its WebGPU backend; its backward time is that of autodiff less the forward pass, and",
  "`– (≈ …)` was not run but scaled up from a smaller problem. PyTorch works on its own memory order, `[B, C, D, H, W]`, except for products and layer norms.",
];

const STEP_LEGEND = [
  "The official recipe on one crop of noise: forward pass of two views, 10·MD + CMR, backward pass, AdamW of all parameters",
  "with templates of 8 × 240 × 240 × 155, all by the trainer's own functions. PyTorch runs networks of the same layers.",
  "GFLOP/s counts the layers as the official code has them; what is computed in a shorter way, or twice, counts the same.",
];

/** Tables of one run of operations. */
export function formatBlock({ run, rows }: OpBlock): string[] {
  const header = [
    "operation",
    "shape",
    "pass",
    "ms",
    "rate",
    "of peak",
    "tfjs ms",
    "tfjs ÷ ours",
    "PyTorch ms",
    "PyTorch ÷ ours",
  ];
  return ["", ...formatRun(run), "", ...formatTable(header, rows.map((row) => formatRow(row, run.peak)), { words: 3 })];
}

function formatRow(row: OpRow, peak: Peak | null): string[] {
  const { op, title, pass, ours, tfjs, torch } = row;
  const { rate, share } = rateOf(row, peak);
  return [
    op,
    title,
    pass,
    significant(ours.ms),
    rate,
    share,
    formatStock(tfjs),
    tfjs === null ? NOTHING : formatRatio(tfjs, ours.ms),
    torch === null ? NOTHING : significant(torch.ms),
    torch === null ? NOTHING : significant(torch.ms / ours.ms),
  ];
}

const NOTHING = "–";

/** Rate in the unit of the narrower limit, and the share of that limit. */
export function rateOf(
  { flops, bytes, ours: { ms } }: Pick<OpRow, "flops" | "bytes" | "ours">,
  peak: Peak | null,
): { rate: string; share: string } {
  const gflops = flops / ms / 1e6, gigabytes = bytes / ms / 1e6;
  const shares = { arithmetic: gflops / (peak?.gflops ?? NaN), memory: gigabytes / (peak?.copyGBs ?? NaN) };
  const isArithmetic = shares.arithmetic > shares.memory || (flops > 0 && Number.isNaN(shares.memory));
  return {
    rate: isArithmetic ? `${significant(gflops)} GFLOP/s` : `${significant(gigabytes)} GB/s`,
    share: percent(isArithmetic ? shares.arithmetic : shares.memory),
  };
}

function formatRatio(stock: StockTiming, ms: number): string {
  return "ms" in stock ? significant(stock.ms / ms) : `≈ ${significant(stock.estimatedMs / ms)}`;
}

function formatStock(stock: StockTiming | null): string {
  if (stock === null) return NOTHING;
  return "ms" in stock ? significant(stock.ms) : `${NOTHING} (≈ ${significant(stock.estimatedMs)})`;
}

/** What a run was measured on and with. */
export function formatRun({ date, command, machine, backend, peak, torch }: RunInfo): string[] {
  const { cpu, cores, memoryGiB, os, deno, v8, tfjs } = machine;
  return [
    `- ${date} UTC, \`${command}\``,
    `- ${cpu}, ${cores} ${cores === 1 ? "core" : "cores"}, ${memoryGiB} GiB, ${os}`,
    `- Deno ${deno}, V8 ${v8}, TensorFlow.js ${tfjs}; ${backend}`,
    `- peak: ${peak === null ? "not measured on this backend" : formatPeak(peak)}`,
    `- PyTorch: ${
      typeof torch === "string"
        ? torch
        : `${torch.version}, ${torch.threads} ${torch.threads === 1 ? "thread" : "threads"}, ${torch.libraries}`
    }`,
  ];
}

function formatPeak({ gflops, copyGBs, vectorBits }: Peak): string {
  const copy = copyGBs === null ? "" : `, copying memory ${significant(copyGBs)} GB/s`;
  const how = vectorBits === null ? "multiply-adds in registers" : "micro-kernel";
  const vectors = vectorBits === null ? "" : ` by ${vectorBits}-bit vectors`;
  return `${how} ${significant(gflops)} GFLOP/s${vectors}${copy}`;
}

function count(value: number | undefined): string {
  return value === undefined ? NOTHING : significant(value);
}

/** Summary and kernels of one training step. */
export function formatStep(
  { run, backbone, parameters, flops, ours, heap, gpu, kernels, torch }: StepBlock,
): string[] {
  const rate = (ms: number): string => flops === null ? NOTHING : significant(flops / ms / 1e6);
  const share = (ms: number): string =>
    flops === null || run.peak === null ? NOTHING : percent(flops / ms / 1e6 / run.peak.gflops);
  const rows = [
    ["time per step, s", significant(ours.ms / 1000), torch ? significant(torch.ms / 1000) : NOTHING],
    ["steps timed", String(ours.repetitions), torch ? String(torch.repetitions) : NOTHING],
    ["GFLOP/s of the official network", rate(ours.ms), torch ? rate(torch.ms) : NOTHING],
    ["of the peak", share(ours.ms), torch ? share(torch.ms) : NOTHING],
    ["most memory of the process, GiB", gibibytes(ours.peakProcessBytes), gibibytes(torch?.peakProcessBytes ?? null)],
    ["most memory of tensors in the heap, GiB", gibibytes(heap?.peakBytes ?? null), NOTHING],
    ["copied out of the full heap per step, GiB", gibibytes(heap?.spilledBytes ?? null), NOTHING],
    ...(gpu
      ? [
        ["dispatches per step", significant(gpu.dispatches), NOTHING],
        ["submissions per step", significant(gpu.submissions), NOTHING],
        ["buffers made per step", count(gpu.buffers), NOTHING],
        ["groups of bindings made per step", count(gpu.bindGroups), NOTHING],
        ["memory of tensors on the GPU, GiB", gibibytes(gpu.allocatedBytes ?? null), NOTHING],
        ["share of the step in which the host works", percent(gpu.hostShare), NOTHING],
      ]
      : []),
    ...(torch ? [["PyTorch's time over ours", significant(torch.ms / ours.ms), ""]] : []),
  ];
  const inKernels = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const outside = { name: "outside kernels", calls: NaN, ms: Math.max(0, ours.ms - inKernels) };
  const total = inKernels + outside.ms;
  return [
    "",
    `### ${backbone}, ${run.size}³, ${parameters.toLocaleString("en")} parameters`,
    "",
    ...formatRun(run),
    "",
    ...formatTable(["", "this toolkit", "PyTorch"], rows, { words: 1 }),
    "",
    ...formatTable(
      ["kernel", "calls per step", "ms per step", "share"],
      [...kernels, outside].map(({ name, calls, ms }) => {
        return [name, Number.isNaN(calls) ? "" : significant(calls), significant(ms), percent(ms / total)];
      }),
      { words: 1 },
    ),
  ];
}

/** A Markdown table whose columns line up: so many of words, then numbers. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { words }: { words: number },
): string[] {
  const widths = header.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column].length)));
  const align = (cell: string, i: number): string => i < words ? cell.padEnd(widths[i]) : cell.padStart(widths[i]);
  const line = (cells: readonly string[]): string => `| ${cells.map(align).join(" | ")} |`;
  const rule = widths.map((width, i) => i < words ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [line(header), line(rule), ...rows.map(line)];
}

/** Three significant digits without exponent. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  const digits = value === 0 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %` : NOTHING;
}

function gibibytes(bytes: number | null): string {
  return bytes === null ? NOTHING : significant(bytes / 2 ** 30);
}
