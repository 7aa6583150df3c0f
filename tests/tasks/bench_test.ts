import assert from "node:assert/strict";
import { TextLineStream } from "../../bench/_lines.ts";
import { matches, opCases } from "../../bench/op_cases.ts";
import { caseInputs, operationOf, randomTensor } from "../../bench/operations.ts";
import { profileKernels } from "../../bench/profile.ts";
import { NO_RESULTS, withOperations, withStep } from "../../bench/results.ts";
import type { OpBlock, OpRow, RunInfo, StepBlock } from "../../bench/results.ts";
import { benchStep, flopsOfStep, officialRecipe } from "../../bench/step.ts";
import { formatResults, formatTable, rateOf, significant } from "../../bench/table.ts";
import { sample, summarise } from "../../bench/timing.ts";
import { resolveConfig } from "../../lib/config.ts";
import { selectBackend, shapeOf, sizeOf, tf } from "../../lib/tensor/mod.ts";
import { RECIPES, recipeSchema } from "../../recipes/mod.ts";
import { parseArguments } from "../../tasks/bench.ts";
import { formatTrace } from "../../bench/trace.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs the task as `deno task bench` does, but allowed to write a folder of its own. */
async function runBench(args: readonly string[], folder: string): Promise<{ code: number; out: string; err: string }> {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const [, ...command] = (tasks.bench.command as string).replace("tasks/bench.ts", "").trim().split(" ");
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [...command, `--allow-write=${folder}`, "tasks/bench.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

const RUN: RunInfo = {
  date: "2026-11-24 10:00",
  command: "deno task bench",
  machine: { cpu: "Any CPU", cores: 2, memoryGiB: 24, os: "linux 6 x86_64", deno: "2.9.6", v8: "15", tfjs: "4.22.0" },
  backend: "simd (2 threads)",
  threads: 2,
  size: 96,
  peak: { gflops: 200, copyGBs: 20, vectorBits: 256 },
  torch: { version: "1.13.0", threads: 2, libraries: "libopenblas.so" },
};

const PRODUCT: OpRow = {
  op: "linear",
  title: "1000 × 1000 → 1000",
  pass: "forward",
  flops: 2e9,
  bytes: 12e6,
  ours: { ms: 20, repetitions: 5 },
  tfjs: { estimatedMs: 4000 },
  torch: { ms: 30, repetitions: 5 },
};

const SUM: OpRow = {
  op: "add",
  title: "32 channels, 96³",
  pass: "forward",
  flops: 0,
  bytes: 100e6,
  ours: { ms: 10, repetitions: 30 },
  tfjs: { ms: 5, repetitions: 60 },
  torch: null,
};

const STEP: StepBlock = {
  run: RUN,
  backbone: "unet3d",
  parameters: 18_799_937,
  flops: 1e12,
  ours: { ms: 10_000, repetitions: 5, peakProcessBytes: 2 ** 32 },
  heap: { peakBytes: 2 ** 31, spilledBytes: 2 ** 29 },
  kernels: [{ name: "Conv3d", calls: 30, ms: 9000 }],
  torch: { ms: 25_000, repetitions: 5, peakProcessBytes: 2 ** 33 },
};

Deno.test("bench refuses arguments that make no sense, and says which", async () => {
  const folder = Deno.makeTempDirSync();
  const wrong: [args: string[], message: RegExp][] = [
    [["--size", "40"], /--size.*multiple of 16/],
    [["--size", "big"], /--size.*whole number from 16 to 144/],
    [["--step", "resnet"], /--step.*uniformer, unet3d/],
    [["--backend", "cuda"], /--backend.*simd, webgpu, reference/],
    [["--repeats", "0"], /--repeats.*from 1/],
    [["conv3d"], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    const { code, err } = await runBench(args, folder);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, message);
  }
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  Deno.removeSync(folder);
});

Deno.test("parseArguments() measures operations unless only a step is asked for", () => {
  const asked = (...args: string[]): unknown[] => {
    const { withOps, filter, step, size } = parseArguments(args);
    return [withOps, filter, step, size];
  };
  assert.deepEqual(asked(), [true, null, undefined, 96]);
  assert.deepEqual(asked("--ops"), [true, null, undefined, 96]);
  assert.deepEqual(asked("--ops", "gelu", "--size", "32"), [true, "gelu", undefined, 32]);
  assert.deepEqual(asked("--step", "unet3d"), [false, null, "unet3d", 96]);
  assert.deepEqual(asked("--step", "uniformer", "--ops"), [true, null, "uniformer", 96]);
});

Deno.test("bench times an operation and writes JSON and Markdown, beside the other section that was there", async () => {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${folder}/results.json`, JSON.stringify(withStep(NO_RESULTS, STEP)));
  const args = ["--ops", "maskedFill", "--size", "16", "--repeats", "2", "--no-torch", "--out", folder];
  const { code, out, err } = await runBench(args, folder);
  assert.equal(code, 0, err);
  assert.match(err, /1\/1 {2}maskedFill 16³ backward: [\d.]+ ms/);
  const { operations: [{ run, rows }], steps } = JSON.parse(Deno.readTextFileSync(`${folder}/results.json`));
  assert.deepEqual(steps, [STEP]);
  assert.equal(run.command, `deno task bench ${args.join(" ")}`);
  assert.equal(run.torch, "left out");
  assert(run.peak.gflops > 0 && run.peak.copyGBs > 0);
  assert.deepEqual(rows.map(({ op, pass }: OpRow) => `${op} ${pass}`), ["maskedFill forward", "maskedFill backward"]);
  for (const { ours, tfjs, torch } of rows) {
    assert(ours.ms > 0 && ours.repetitions >= 2);
    assert(tfjs.ms > 0);
    assert.equal(torch, null);
  }
  const markdown = Deno.readTextFileSync(`${folder}/RESULTS.md`);
  assert.match(markdown, /^\| maskedFill +\| 16³ +\| backward \|/m);
  assert.match(markdown, /^### unet3d, 96³/m);
  assert(out.trimEnd().endsWith(`${folder}/RESULTS.md`), out);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("bench leaves the results alone when no operation fits, or when they are not results", async () => {
  const folder = Deno.makeTempDirSync();
  const before = JSON.stringify(withStep(NO_RESULTS, STEP));
  Deno.writeTextFileSync(`${folder}/results.json`, before);
  const missing = await runBench(["--ops", "nothing", "--size", "16", "--no-torch", "--out", folder], folder);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /Cannot measure "nothing"/);
  assert.equal(Deno.readTextFileSync(`${folder}/results.json`), before);
  Deno.writeTextFileSync(`${folder}/results.json`, "[]");
  const damaged = await runBench(["--out", folder], folder);
  assert.equal(damaged.code, 1);
  assert.match(damaged.err, /Cannot read .*results\.json: expected operations and steps/);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("every case runs forward and backward on a small crop, and frees its tensors", async () => {
  await selectBackend("simd");
  for (const opCase of opCases(16)) {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const operation = operationOf(opCase.op);
      const inputs = caseInputs(opCase);
      const { outputs, saved } = operation.forward(inputs, opCase.attributes);
      const gradients = operation.backward?.(randomTensor(shapeOf(outputs[0])), saved, opCase.attributes) ?? [];
      const names = operation.differentiable.filter((name) => name in inputs);
      assert.deepEqual(gradients.map(shapeOf), names.map((name) => shapeOf(inputs[name])), opCase.title);
    });
    assert.equal(tf.memory().numTensors, before, opCase.title);
  }
});

Deno.test("opCases() keeps its order at any size, and counts the operations of the official shapes", () => {
  const [small, large] = [opCases(16), opCases(96)];
  assert.deepEqual(small.map(({ op }) => op), large.map(({ op }) => op));
  const [widest] = large.filter((opCase) => matches(opCase, "conv3d 3³ 32 → 32"));
  assert.deepEqual(widest.shapes.x, [2, 96, 96, 96, 32]);
  assert.equal(widest.flops, 2 * 2 * 96 ** 3 * 27 * 32 * 32);
  const [attention] = large.filter((opCase) => matches(opCase, "1728 tokens × 5"));
  assert.deepEqual(attention.shapes.qkv, [2, 1728, 960]);
  const [square] = large.filter((opCase) => matches(opCase, "SQUARE"));
  assert.equal(sizeOf(square.shapes.x), 2048 ** 2);
  // Two views, three passes, two operations per multiply-add.
  assert.equal(flopsOfStep("uniformer", 96), 12 * 68.8e9);
  assert.equal(flopsOfStep("uniformer", 32), null);
});

Deno.test("benchStep() trains by the official recipe and says which kernels ran", async () => {
  assert.equal(officialRecipe("unet3d", 96).method.mdWeight, 10);
  assert.deepEqual(officialRecipe("uniformer", 32).cropSize, [32, 32, 32]);
  await selectBackend("simd");
  const assignments = ["model=uniformer-tiny", "cropSize=[16,16,16]", "templates.size=[20,19,18]"];
  const recipe = resolveConfig(recipeSchema, RECIPES.official.recipe, { assignments });
  const places: number[] = [];
  const profile = profileKernels("simd");
  const before = tf.memory().numTensors;
  const { timing, kernels } = await benchStep(recipe, {
    repeats: 2,
    profile,
    report: (_, { done }) => places.push(done),
  });
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
  assert.deepEqual(places, [1, 2, 3]);
  assert.equal(timing.repetitions, 2);
  const calls = Object.fromEntries(kernels.map(({ name, calls }) => [name, calls]));
  assert.equal(calls.TemplateWindow, 1);
  assert.equal(calls.SelfAttention, 2);
  assert(calls.AdamWUpdate > 50);
});

Deno.test("profileKernels() takes the time of inner kernels off the outer one's", async () => {
  await selectBackend("reference");
  let now = 0;
  const register = (kernelName: string, work: () => void): void => {
    tf.registerKernel({
      kernelName,
      backendName: "cpu",
      kernelFunc: () => {
        work();
        return [];
      },
    });
  };
  const x = tf.scalar(1);
  const run = (name: string): void => void tf.engine().runKernel(name, { x });
  register("BenchInner", () => now += 20);
  register("BenchOuter", () => {
    now += 3;
    run("BenchInner");
    run("BenchInner");
    now += 4;
  });
  const profile = profileKernels("cpu", () => now);
  run("BenchOuter");
  run("BenchInner");
  assert.deepEqual(profile.take(), [
    { name: "BenchInner", calls: 3, ms: 60 },
    { name: "BenchOuter", calls: 1, ms: 7 },
  ]);
  assert.deepEqual(profile.take(), []);
  x.dispose();
});

Deno.test("sample() repeats until there are enough times, and summarise() takes their median", async () => {
  assert.equal((await sample(() => 1000, { repeats: 5 })).length, 5);
  assert.equal((await sample(() => 10, { repeats: 5 })).length, 30);
  assert.equal((await sample(() => 0, { repeats: 5 })).length, 100);
  assert.deepEqual(summarise([3, 1, 9]), { ms: 3, repetitions: 3 });
  assert.deepEqual(summarise([4, 1, 9, 2]), { ms: 3, repetitions: 4 });
});

Deno.test("withOperations() replaces operations of the same setting, and keeps others with their run", () => {
  const first: OpBlock = { run: RUN, rows: [PRODUCT, SUM] };
  const second: OpBlock = { run: { ...RUN, date: "later" }, rows: [{ ...SUM, ours: { ms: 1, repetitions: 5 } }] };
  const both = withOperations(withOperations(NO_RESULTS, first), second);
  assert.deepEqual(both.operations, [{ run: RUN, rows: [PRODUCT] }, second]);
  const smaller: OpBlock = { run: { ...RUN, size: 32 }, rows: [SUM] };
  assert.deepEqual(withOperations(withOperations(NO_RESULTS, first), smaller).operations, [first, smaller]);
  assert.deepEqual(withOperations(withOperations(NO_RESULTS, first), first).operations, [first]);
});

Deno.test("withStep() replaces the step of the same network and size", () => {
  const other = { ...STEP, backbone: "uniformer" };
  const newer = { ...STEP, parameters: 1 };
  const results = [STEP, other, newer].reduce(withStep, NO_RESULTS);
  assert.deepEqual(results.steps, [other, newer]);
});

Deno.test("rateOf() shows the narrower limit", () => {
  const { peak } = RUN;
  assert.deepEqual(rateOf(PRODUCT, peak), { rate: "100 GFLOP/s", share: "50 %" });
  assert.deepEqual(rateOf(SUM, peak), { rate: "10.0 GB/s", share: "50 %" });
  // 2 operations per 100 bytes: memory decides, though there is arithmetic.
  assert.deepEqual(rateOf({ ...SUM, flops: 2e6 }, peak), { rate: "10.0 GB/s", share: "50 %" });
  assert.deepEqual(rateOf(PRODUCT, null), { rate: "100 GFLOP/s", share: "–" });
});

Deno.test("formatResults() writes both sections with their runs", () => {
  const text = formatResults({ operations: [{ run: RUN, rows: [PRODUCT, SUM] }], steps: [STEP] });
  const lines = text.split("\n").map((line) => line.replaceAll(/ +/g, " "));
  for (
    const line of [
      "- 2026-11-24 10:00 UTC, `deno task bench`",
      "- Any CPU, 2 cores, 24 GiB, linux 6 x86_64",
      "- peak: micro-kernel 200 GFLOP/s by 256-bit vectors, copying memory 20.0 GB/s",
      "- PyTorch: 1.13.0, 2 threads, libopenblas.so",
      "| linear | 1000 × 1000 → 1000 | forward | 20.0 | 100 GFLOP/s | 50 % | – (≈ 4000) | ≈ 200 | 30.0 | 1.50 |",
      "| add | 32 channels, 96³ | forward | 10.0 | 10.0 GB/s | 50 % | 5.00 | 0.500 | – | – |",
      "### unet3d, 96³, 18,799,937 parameters",
      "| time per step, s | 10.0 | 25.0 |",
      "| GFLOP/s of the official network | 100 | 40.0 |",
      "| of the peak | 50 % | 20 % |",
      "| most memory of the process, GiB | 4.00 | 8.00 |",
      "| most memory of tensors in the heap, GiB | 2.00 | – |",
      "| copied out of the full heap per step, GiB | 0.500 | – |",
      "| PyTorch's time over ours | 2.50 | |",
      "| Conv3d | 30.0 | 9000 | 90 % |",
      "| outside kernels | | 1000 | 10 % |",
    ]
  ) assert(lines.includes(line), `${line}\nis not in\n${lines.join("\n")}`);
  const without = formatResults({ operations: [{ run: { ...RUN, torch: "left out" }, rows: [SUM] }], steps: [] });
  assert.match(without, /^- PyTorch: left out$/m);
  assert.match(without, /^Not measured yet: `deno task bench --step/m);
});

Deno.test("formatTable() lines columns up, and significant() keeps three digits", () => {
  assert.deepEqual(formatTable(["op", "ms"], [["gelu", "1.00"], ["a", "10000"]], { words: 1 }), [
    "| op   |    ms |",
    "| ---- | ----: |",
    "| gelu |  1.00 |",
    "| a    | 10000 |",
  ]);
  assert.deepEqual([0.01234, 1.234, 12.34, 1234.5, 0, NaN].map(significant), [
    "0.0123",
    "1.23",
    "12.3",
    "1235",
    "0",
    "–",
  ]);
});

Deno.test("TextLineStream cuts lines wherever the pieces end", async () => {
  const lines = await Array.fromAsync(ReadableStream.from(["a", "b\nc", "\n\nd\n"]).pipeThrough(new TextLineStream()));
  assert.deepEqual(lines, ["ab", "c", "", "d"]);
});

Deno.test("formatTrace() writes calls and programs as events, each row from 0, in microseconds", () => {
  const host = [{ name: "Linear", start: 102, ms: 3 }, { name: "Gelu", start: 100, ms: 1 }];
  const gpu = [{ name: "gemm", start: 5000, end: 9000 }];
  const { traceEvents } = JSON.parse(formatTrace({ host, gpu }));
  const timed = traceEvents.filter(({ ph }: { ph: string }) => ph === "X");
  assert.deepEqual(timed.map(({ name, tid, ts, dur }: Record<string, unknown>) => [name, tid, ts, dur]), [
    ["Linear", 1, 2000, 3000],
    ["Gelu", 1, 0, 1000],
    ["gemm", 2, 0, 4],
  ]);
  assert.equal(traceEvents.length, 5);
});

Deno.test("formatResults() says when nothing was measured on a GPU", () => {
  const noGpu = /^No GPU was at hand so far/m;
  const results = (backend: string): string =>
    formatResults(withStep(NO_RESULTS, { ...STEP, run: { ...RUN, backend } }));
  assert.match(results("simd (WebAssembly kernels)"), noGpu);
  assert.match(results("webgpu (llvmpipe, computed by the CPU: for tests only)"), noGpu);
  assert.doesNotMatch(results("webgpu (Any GPU, tfjs 4.22.0)"), noGpu);
});
