/** The doctor: its parts on values made by hand, and whole runs, sound and broken. */
import assert from "node:assert/strict";
import { BACKENDS } from "../../lib/tensor/mod.ts";
import {
  type BackendFacts,
  describeBackend,
  describeFlags,
  describeGpu,
  describeSpeed,
} from "../../tasks/_doctor_backend.ts";
import {
  checkNifti,
  describeOp,
  describeRoundTrip,
  describeTraining,
  largestDifference,
  roundTripProblem,
} from "../../tasks/_doctor_checks.ts";
import {
  describeFolders,
  describeMachine,
  describePermissions,
  describeVersions,
  probeFolder,
} from "../../tasks/_doctor_machine.ts";
import {
  formatBytes,
  formatError,
  formatLine,
  formatVerdict,
  type Line,
  plural,
  runSections,
  type Section,
} from "../../tasks/_doctor_report.ts";
import type { StepNumbers } from "../../tasks/_doctor_training.ts";
import { BACKEND_CHOICES } from "../../tasks/_command_line.ts";
import { parseArguments } from "../../tasks/doctor.ts";
import { COMPUTE_FLAGS } from "../../tasks/test.ts";

const ROOT = new URL("../../", import.meta.url);
const CONFIG = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));

/** Runs the task, or a program in its place, with its permissions; reads what it prints. */
async function runDoctor(
  args: readonly string[],
  { program = ["tasks/doctor.ts"], flags = [COMPUTE_FLAGS] }: { program?: string[]; flags?: string[] } = {},
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", "-P=doctor", ...flags, ...program, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout).trimEnd(), err: decoder.decode(stderr) };
}

/** Lines as they are printed, runs of spaces as one. */
function printed(lines: readonly Line[]): string[] {
  return lines.flatMap((line) => formatLine(line).split("\n")).map((line) => line.trim().replaceAll(/ +/g, " "));
}

Deno.test("doctor --quick describes the installation, tests nothing and leaves no folder behind", async () => {
  const before = [...Deno.readDirSync(ROOT)].map(({ name }) => name).sort();
  const { code, out, err } = await runDoctor(["--quick"]);
  assert.equal(code, 0, err);
  const titles = ["Versions", "Machine", "Backend", "V8 flags", "Deno permissions", "Folders", "Speed", "WebGPU"];
  assert.deepEqual(out.split("\n").filter((line) => /^[A-Z]/.test(line)).slice(0, -1), titles);
  assert.match(out, new RegExp(`^  project +${CONFIG.name} ${CONFIG.version}$`, "m"));
  assert.match(out, /^ {2}matrix product +[\d.e+]+ GFLOP\/s/m);
  assert.match(out, /^ {2}granted +read, write data, write runs$/m);
  assert.match(out, /\nSelf-test skipped: nothing was checked \([\d.]+ s.*\)$/);
  assert.deepEqual([...Deno.readDirSync(ROOT)].map(({ name }) => name).sort(), before);
});

Deno.test("doctor says that the V8 flags are missing where they are", async () => {
  const { code, out, err } = await runDoctor(["--quick", "--json"], { flags: [] });
  assert.equal(code, 0, err);
  const { sections: { flags, backend, machine, versions }, ok, notes } = JSON.parse(out);
  assert.deepEqual(flags, { vectorBits: 128, architecture: Deno.build.arch, environment: "" });
  assert.equal(backend.simd.vectorBits, 128);
  assert.deepEqual([machine.system, versions.deno], [Deno.build.os, Deno.version.deno]);
  assert.deepEqual([ok, notes >= (Deno.build.arch === "x86_64" ? 1 : 0)], [true, true]);
});

Deno.test("doctor exits with status 1 and says so when an operation's gradient is wrong, and goes on", async () => {
  const program = ["tests/tasks/_doctor_child.ts", "gradient"];
  const { code, out, err } = await runDoctor([], { program });
  assert.equal(code, 1, err);
  assert.match(out, /^ {2}linear +ok +4 cases {2}output [\d.e-]+ +gradients [\d.e-]+$/m);
  assert.match(out, /^! gelu +FAILED +1 case {2}output [\d.e-]+ +gradients [\d.e-]+\n +odd size: dx: relative error/m);
  assert.match(out, /^ {2}two updates +ok +loss \d\.\d+, then \d\.\d+ on simd; off the reference by [\d.e-]+ of/m);
  assert.match(out, /^ {2}NIfTI +ok /m);
  assert.match(out, /\nFAILED: 1 check did not pass, see the lines with FAILED \(.*\)$/);
});

Deno.test("doctor reports a platform without shared memory and WebGPU, and tests what is left", async () => {
  const program = ["tests/tasks/_doctor_child.ts", "platform"];
  const { code, out, err } = await runDoctor(["--quick"], { program });
  assert.equal(code, 0, err);
  assert.match(out, /^ {2}chosen +reference \(/m);
  assert.match(out, /^! why +Cannot start backend "simd": no memory here\n +auto went on with the slow reference/m);
  assert.match(out, /^ {2}adapter +this Deno has none/m);
  assert.match(out, / nothing was checked \(.*; \d notes? marked with !\)$/);
  const forced = await runDoctor(["--quick", "--backend", "simd"], { program });
  assert.equal(forced.code, 1);
  assert.match(forced.out, /^! error +Cannot start backend "simd": no memory here$/m);
});

Deno.test("doctor --help and wrong arguments", async () => {
  const { code, out } = await runDoctor(["--help"]);
  assert.equal(code, 0);
  for (const option of ["--quick", "--json", "--backend", "--threads"]) assert.ok(out.includes(option), option);
  const wrong: [args: string[], message: RegExp][] = [
    [["--backend", "cuda"], /--backend.*auto, webgpu, simd, reference/],
    [["--threads", "0"], /whole number from 1/],
    [["now"], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    const refused = await runDoctor(args);
    assert.equal(refused.code, 2);
    assert.match(refused.err, message);
  }
});

Deno.test("parseArguments() offers every backend and tests the one that tasks would take", () => {
  assert.deepEqual(BACKEND_CHOICES, BACKENDS);
  assert.deepEqual(parseArguments([]), { backend: "auto" });
  assert.deepEqual(parseArguments(["--quick", "--json", "--backend", "simd", "--threads", "3"]), {
    backend: "simd",
    threads: 3,
    quick: true,
    json: true,
  });
});

Deno.test("deno task doctor runs like other compute tasks, without network, programs and other files", () => {
  const { command } = CONFIG.tasks.doctor;
  assert.equal(command, CONFIG.tasks.pretrain.command.replaceAll("pretrain", "doctor"));
  const { sys, env, ...others } = CONFIG.permissions.doctor;
  assert.deepEqual(others, { read: true, write: ["runs", "data"], import: ["localhost"] });
  assert.deepEqual(env.allow, ["DENO_V8_FLAGS"]);
  assert.deepEqual(sys, ["cpus", "osRelease", "statfs", "systemMemoryInfo"]);
});

Deno.test("runSections() goes on after an error, counts what deserves attention and keeps the facts", async () => {
  const section = (key: string, onError: Section["onError"], lines: Line[] | Error): Section => ({
    key,
    title: key.toUpperCase(),
    onError,
    run(show) {
      if (lines instanceof Error) return Promise.reject(lines);
      lines.forEach(show);
      return Promise.resolve({ lines: lines.length });
    },
  });
  const output: string[] = [];
  const report = await runSections([
    section("a", "note", [{ label: "x", text: "1" }, { label: "y", text: "2", state: "note" }]),
    section("b", "note", new Error("no drivers")),
    section("c", "failed", [{ label: "op", text: "FAILED", state: "failed" }]),
    section("d", "failed", new RangeError("aborted")),
    section("e", "failed", []),
  ], (line) => output.push(line));
  assert.deepEqual(report, {
    ok: false,
    notes: 2,
    failures: 2,
    sections: {
      a: { lines: 2 },
      b: { error: "no drivers" },
      c: { lines: 1 },
      d: { error: "aborted" },
      e: { lines: 0 },
    },
  });
  assert.deepEqual(output.map((line) => line.replaceAll(/ +/g, " ")), [
    "A",
    " x 1",
    "! y 2",
    "",
    "B",
    "! error no drivers",
    "",
    "C",
    "! op FAILED",
    "",
    "D",
    "! error aborted",
    "",
    "E",
    "",
  ]);
});

Deno.test("formatLine() lines texts up, those of further lines too", () => {
  assert.equal(formatLine({ label: "memory", text: "23 GiB" }), "  memory              23 GiB");
  assert.equal(
    formatLine({ label: "sampleSquaredError", text: "one\ntwo", state: "failed" }),
    "! sampleSquaredError  one\n                      two",
  );
});

Deno.test("formatVerdict() says plainly what came out", () => {
  const verdict = (failures: number, notes: number, tested = true): string =>
    formatVerdict({ failures, notes }, { tested, seconds: 12.34 });
  assert.equal(verdict(0, 0), "All is well: every check passed (12.3 s)");
  assert.equal(verdict(0, 1), "All is well: every check passed (12.3 s; 1 note marked with !)");
  assert.equal(verdict(0, 0, false), "Self-test skipped: nothing was checked (12.3 s)");
  assert.equal(
    verdict(2, 3),
    "FAILED: 2 checks did not pass, see the lines with FAILED (12.3 s; 3 notes marked with !)",
  );
  assert.match(verdict(1, 0, false), /^FAILED: 1 check did not pass/);
});

Deno.test("formatBytes(), formatError() and plural() keep what matters", () => {
  assert.deepEqual([128 * 2 ** 20, 2 ** 30, 23.54 * 2 ** 30, 99.96 * 2 ** 30, 2 ** 40].map(formatBytes), [
    "128 MiB",
    "1.0 GiB",
    "23.5 GiB",
    "100 GiB",
    "1024 GiB",
  ]);
  assert.deepEqual([0, 1.26e-7, 1, NaN, Infinity].map(formatError), ["0", "1.3e-7", "1.0e+0", "NaN", "Infinity"]);
  assert.deepEqual([plural(0, "note"), plural(1, "note"), plural(2, "note")], ["0 notes", "1 note", "2 notes"]);
});

Deno.test("describeVersions() and describeMachine() say what is unknown", () => {
  const versions = { project: "@brainmvp/deno 0.1.0", deno: "2.9.6", v8: "15.0", typescript: "6.0.3", tfjs: "4.22.0" };
  assert.deepEqual(printed(describeVersions(versions)), [
    "project @brainmvp/deno 0.1.0",
    "Deno 2.9.6 (V8 15.0, TypeScript 6.0.3)",
    "TensorFlow.js 4.22.0",
  ]);
  assert.equal(printed(describeVersions({ ...versions, project: null }))[0], "project unknown");
  const machine = { system: "linux", architecture: "x86_64", release: "6.1", processor: "Any CPU", processors: 8 };
  const memory = { totalBytes: 16 * 2 ** 30, availableBytes: 4 * 2 ** 30 };
  assert.deepEqual(printed(describeMachine({ ...machine, memory })), [
    "system linux 6.1 x86_64",
    "processors 8 × Any CPU",
    "memory 16.0 GiB, 4.0 GiB available",
  ]);
  assert.deepEqual(printed(describeMachine({ ...machine, release: null, processor: null, memory: null })), [
    "system linux x86_64",
    "processors 8 × unknown model",
    "memory unknown",
  ]);
});

const BACKEND: BackendFacts = {
  name: "simd",
  description: "simd (2 threads)",
  simd: { threads: 2, vectorBits: 256, relaxed: true, heapBytes: 2 ** 32 },
  wanted: "auto",
  simdProblem: null,
  wantedThreads: 2,
};

Deno.test("describeBackend() says which backend was chosen, why, and what it makes do with", () => {
  assert.deepEqual(printed(describeBackend(BACKEND)), [
    "chosen simd (2 threads)",
    "why auto takes simd where it starts",
    "threads 2",
    "kernels relaxed SIMD: fused multiply-adds",
    "heap up to 4.0 GiB of tensors, further ones move out",
  ]);
  const simd = { ...BACKEND.simd!, threads: 1, relaxed: false };
  const poor = printed(describeBackend({ ...BACKEND, wanted: "simd", simd, wantedThreads: 8 }));
  assert.equal(poor[1], "why asked for");
  assert.equal(poor[2], "! threads 1: 7 more did not start");
  assert.match(poor[3], /^! kernels baseline module: this engine has no relaxed SIMD/);
  const reference: BackendFacts = {
    ...BACKEND,
    name: "reference",
    description: "reference (one thread)",
    simd: undefined,
    simdProblem: "Cannot start",
  };
  assert.deepEqual(printed(describeBackend(reference)), [
    "chosen reference (one thread)",
    "! why Cannot start",
    "auto went on with the slow reference backend: good for small experiments only",
  ]);
});

Deno.test("describeFlags() says whether both flags took effect and what to do where they did not", () => {
  const lines = (vectorBits: 128 | 256 | null, architecture = "x86_64", environment: string | null = ""): string[] =>
    printed(describeFlags({ vectorBits, architecture, environment }));
  assert.equal(lines(256)[0], "in effect both: products run on 256-bit vectors, which takes both flags");
  assert.equal(lines(128)[0], "! in effect no: 128-bit vectors, less than half the speed");
  assert.ok(lines(128)[1].includes(`start through deno task, or with ${COMPUTE_FLAGS}`));
  assert.match(lines(128, "aarch64")[0], /^in effect 128-bit vectors: on aarch64 V8 has no wider ones/);
  assert.match(lines(null)[0], /^in effect does not matter/);
  const environment = (value: string | null): string => lines(256, "x86_64", value)[1];
  assert.match(environment(""), /^DENO_V8_FLAGS not set; deno task gives the flags itself/);
  assert.equal(environment(null), "DENO_V8_FLAGS unknown");
  const [first, second] = ["--experimental-wasm-revectorize", "--no-wasm-bounds-checks"];
  assert.equal(environment(`${first},${second}`), `DENO_V8_FLAGS ${first},${second}: right for scripts of your own`);
  assert.match(environment(first), new RegExp(`lacks ${second} for scripts$`));
  assert.match(environment("--max-heap=1"), new RegExp(`lacks ${first} and ${second} for scripts$`));
});

Deno.test("describeSpeed() and describeGpu() say what was not found", () => {
  assert.deepEqual(printed(describeSpeed({ gflops: 113.26, copyGBs: 9.051 })), [
    "matrix product 113 GFLOP/s, operands in the caches",
    "copying memory 9.05 GB/s, read and written",
  ]);
  assert.deepEqual(printed(describeSpeed(null)), ["kernels not measured: the reference backend has none"]);
  const limits = {
    maxBufferSize: 2 ** 31,
    maxStorageBufferBindingSize: 2 ** 27,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupStorageSize: 16384,
  };
  assert.deepEqual(printed(describeGpu({ available: true, adapter: { name: "Any GPU", limits, features: [] } })), [
    "adapter Any GPU",
    "buffers up to 2.0 GiB, bound up to 128 MiB",
    "workgroups up to 256 invocations, 16 KiB shared",
    "features none that kernels would ask for",
    "used by --backend webgpu, and by auto unless the adapter is computed by the CPU",
  ]);
  assert.deepEqual(printed(describeGpu({ available: true, adapter: null })), [
    "adapter none found: no Vulkan, Metal or D3D12 driver",
  ]);
  assert.match(printed(describeGpu({ available: false, adapter: null }))[0], /--unstable-webgpu/);
});

Deno.test("describePermissions() and describeFolders()", () => {
  assert.deepEqual(printed(describePermissions({ read: "granted", net: "prompt", run: "denied" })), [
    "granted read",
    "not granted net, run",
  ]);
  assert.deepEqual(printed(describePermissions({ read: "granted" }))[1], "not granted none");
  const folders = [
    { path: "data", exists: true, problem: null },
    { path: "runs", exists: false, problem: null },
    { path: "x", exists: true, problem: "Cannot write x: full" },
  ];
  assert.deepEqual(printed(describeFolders({ folders, freeBytes: 2 ** 33 })), [
    "data/ writable",
    "runs/ not there yet, can be made",
    "! x/ Cannot write x: full",
    "free disk space 8.0 GiB",
  ]);
  assert.deepEqual(printed(describeFolders({ folders: [], freeBytes: null })), ["free disk space unknown"]);
});

Deno.test("probeFolder() leaves a folder as it was, and says why one cannot be written to", async () => {
  const folder = Deno.makeTempDirSync();
  assert.deepEqual(await probeFolder(folder), { path: folder, exists: true, problem: null });
  assert.deepEqual(await probeFolder(`${folder}/new`), { path: `${folder}/new`, exists: false, problem: null });
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  Deno.writeTextFileSync(`${folder}/file`, "");
  const { exists, problem } = await probeFolder(`${folder}/file`);
  assert.equal(exists, true);
  assert.ok(problem?.startsWith(`Cannot write ${folder}/file`), String(problem));
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("describeOp() shows the worst errors, and the first failures of an op that is wrong", () => {
  const report = { name: "gelu", cases: 12, outputError: 1.44e-7, gradientError: 0, failures: [] };
  assert.deepEqual(describeOp(report), { label: "gelu", text: "ok      12 cases  output 1.4e-7   gradients 0" });
  const { text, state } = describeOp({ ...report, outputError: NaN, failures: ["a", "b", "c", "d", "e"] });
  assert.equal(state, "failed");
  assert.deepEqual(text.split("\n"), [
    "FAILED  12 cases  output NaN      gradients 0",
    "a",
    "b",
    "c",
    "and 2 more",
  ]);
});

const STEP: StepNumbers = { loss: 2, cmr: 1, md: 1, cl: null, gradientNorm: 4 };

Deno.test("largestDifference() is the largest relative one, and NaN where numbers are missing or not finite", () => {
  assert.equal(largestDifference([STEP, STEP], [STEP, STEP]), 0);
  assert.equal(largestDifference([STEP, { ...STEP, gradientNorm: 5 }], [STEP, STEP]), 0.25);
  for (const changed of [{ ...STEP, loss: NaN }, { ...STEP, cl: 1 }, { ...STEP, cmr: null }]) {
    assert.ok(Number.isNaN(largestDifference([changed], [STEP])));
  }
  assert.ok(Number.isNaN(largestDifference([], [STEP])));
  assert.ok(Number.isNaN(largestDifference([{ ...STEP, loss: Infinity }], [{ ...STEP, loss: Infinity }])));
});

Deno.test("describeTraining() passes only finite updates close to those of the reference", () => {
  const near = { ...STEP, loss: 2.0001 }, far = { ...STEP, loss: 2.0003 };
  const describe = (updates: StepNumbers[], backend: "simd" | "reference" = "simd"): Line =>
    describeTraining({ backend, updates, reference: [STEP, STEP] })[0];
  assert.equal(
    describe([STEP, near]).text,
    "ok      loss 2.00000, then 2.00010 on simd; off the reference by 5.0e-5 of 1.0e-4",
  );
  assert.equal(describe([STEP, near]).state, undefined);
  for (const updates of [[STEP, far], [STEP, { ...STEP, md: NaN }], [STEP], [STEP, STEP, STEP]]) {
    const { text, state } = describe(updates);
    assert.match(text, /^FAILED {2}/);
    assert.equal(state, "failed");
  }
  assert.equal(describe([STEP, STEP], "reference").text, "ok      loss 2.00000, then 2.00000 on reference");
});

Deno.test("checkNifti() writes and reads a volume, and roundTripProblem() sees what did not come back", async () => {
  const facts = await checkNifti();
  assert.equal(facts.problem, null);
  assert.ok(facts.bytes > 352 / 4);
  const identity = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  const volume = { size: [1, 2, 1] as const, affine: identity, data: Float32Array.of(1, 2) };
  assert.equal(roundTripProblem(volume, volume), null);
  assert.equal(
    roundTripProblem({ ...volume, data: Float32Array.of(1, 2.5) }, volume),
    "voxel 1 is 2.5 instead of 2",
  );
  assert.equal(roundTripProblem({ ...volume, size: [2, 1, 1] }, volume), "size (2,1,1) instead of (1,2,1)");
  const moved = [[1, 0, 0, 5], ...identity.slice(1)];
  assert.match(roundTripProblem({ ...volume, affine: moved }, volume)!, /^affine \[\[1,0,0,5\]/);
  const [{ text, state }] = describeRoundTrip({ bytes: 1, problem: "voxel 1" });
  assert.deepEqual([text, state], ["FAILED  read back: voxel 1", "failed"]);
});
