/**
 * `deno task test`: format, lint, types, then all tests, and those of the kernels once more under the V8 flags that compute
 * tasks run with; the last line counts what passed and what failed.
 */

/** What a run of tests came to. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of the tests that were skipped. */
  readonly skippedNames: readonly string[];
}

/**
 * Counts the tests in what `deno test` printed.
 *
 * @returns undefined when the output ends without a summary: the tests did not run
 */
export function countTests(output: string): TestCount | undefined {
  // deno-lint-ignore no-control-regex -- the escape sequences of colours
  const plain = output.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const summary = plain.match(/^(?:ok|FAILED) \| .*$/gm)?.at(-1);
  if (summary === undefined) return undefined;
  const count = (word: string): number => Number(summary.match(new RegExp(`\\| (\\d+) ${word}`))?.[1] ?? 0);
  const skippedNames = [...plain.matchAll(/^(.*) \.\.\. ignored/gm)].map(([, name]) => name.trim());
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored"), skippedNames };
}

/** The closing line: `12 passed, 0 failed`, and `, 1 skipped` when there are any. */
export function formatCount({ passed, failed, skipped }: Omit<TestCount, "skippedNames">): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** The lock of all packages; what tests, the site and the kernels' build alone need is not in that of runs. */
const LOCK = ["--lock=deno.dev.lock", "--frozen"];
const LOCK_FILES = ["deno.lock", "deno.dev.lock"];

/** Runs deno; true when it succeeds. */
async function succeeds(...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command("deno", { args, stdout: "inherit", stderr: "inherit" }).spawn().status;
  return success;
}

/** How a run of tests ended. */
interface TestRun {
  readonly args: readonly string[];
  readonly success: boolean;
  readonly output: string;
}

/** Runs the tests, gives their output on as it comes, and returns it. */
async function runTests(args: readonly string[], show: (bytes: Uint8Array) => Promise<unknown>): Promise<TestRun> {
  const temporary = Deno.env.get("TMPDIR") ?? Deno.env.get("TEMP") ?? Deno.env.get("TMP") ?? "/tmp";
  const child = new Deno.Command("deno", {
    args: [
      "test",
      "-q",
      ...LOCK,
      "--no-check",
      "-P=test",
      // The set of deno.json cannot name this machine's own temporary folder and deno.
      `--allow-write=runs,${temporary}`,
      `--allow-run=deno,ln,mpirun.mpich,mpirun.openmpi,python3,/usr/bin/python3,/usr/bin/chromium,${Deno.execPath()}`,
      ...args,
    ],
    env: Deno.stdout.isTerminal() && !Deno.noColor ? { FORCE_COLOR: "1" } : {},
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of child.stdout) {
    await show(bytes);
    output += decoder.decode(bytes, { stream: true });
  }
  const { success } = await child.status;
  return { args, success, output };
}

/** Runs some tests in turn, shown as they come, and others beside them, shown afterwards: no two outputs are mixed. */
async function runBeside(
  { shown, beside }: { shown: readonly (readonly string[])[]; beside: readonly string[] },
): Promise<TestRun[]> {
  const kept: Uint8Array[] = [];
  const other = runTests(beside, (bytes) => Promise.resolve(kept.push(bytes)));
  const runs: TestRun[] = [];
  for (const args of shown) runs.push(await runTests(args, (bytes) => Deno.stdout.write(bytes)));
  runs.push(await other);
  for (const bytes of kept) await Deno.stdout.write(bytes);
  return runs;
}

/** What computes, tested once more under {@linkcode COMPUTE_FLAGS}. */
const COMPUTE_TESTS = ["tests/tensor", "tests/model", "tests/trainer"];
/** A GPU's kernels do not know of V8's flags. */
const GPU_TESTS = "--ignore=tests/tensor/webgpu";
/** Minutes of computing, each in a process of its own, which leave time for others to run beside them. */
const NOTEBOOK_TESTS = "tests/notebooks_test.ts";
/** The flags of the compute tasks in deno.json: 256-bit vectors and no bounds checks. */
export const COMPUTE_FLAGS = "--v8-flags=--experimental-wasm-revectorize,--no-wasm-bounds-checks";

/** The counts of several runs of tests as one. */
export function addCounts(counts: readonly TestCount[]): TestCount {
  const sum = (part: (count: TestCount) => number): number => counts.reduce((total, count) => total + part(count), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    skipped: sum(({ skipped }) => skipped),
    skippedNames: counts.flatMap(({ skippedNames }) => skippedNames),
  };
}

/**
 * Skipped tests that should have run: what they need is said to be installed.
 *
 * @param required parts of names of skipped tests, separated by commas
 */
export function missedTests(skippedNames: readonly string[], required: string): string[] {
  const parts = required.split(",").map((part) => part.trim()).filter((part) => part !== "");
  return skippedNames.filter((name) => parts.some((part) => name.includes(part)));
}

/** Runs the gate and returns the status to exit with. */
async function main(args: readonly string[]): Promise<number> {
  const failures: string[] = [];
  const locks = LOCK_FILES.map((file) => Deno.readTextFileSync(file));
  for (const step of [["fmt", "--check"], ["lint"], ["check", ...LOCK]]) {
    if (!await succeeds(...step)) failures.push(`deno ${step.join(" ")}`);
  }
  const counts: TestCount[] = [];
  const runs = args.length > 0 ? [await runTests(args, (bytes) => Deno.stdout.write(bytes))] : await runBeside({
    shown: [[`--ignore=${NOTEBOOK_TESTS}`], [COMPUTE_FLAGS, GPU_TESTS, ...COMPUTE_TESTS]],
    beside: [NOTEBOOK_TESTS],
  });
  for (const { args: run, success, output } of runs) {
    const counted = countTests(output);
    if (counted) counts.push(counted);
    if (!success && !counted?.failed) failures.push(`deno test ${run.join(" ")}`.trim());
  }
  const { passed, failed, skipped, skippedNames } = addCounts(counts);
  if (Deno.env.get("CI") === "true") { for (const name of skippedNames) console.log(`skipped: ${name}`); }
  const missed = missedTests(skippedNames, Deno.env.get("REQUIRED_TESTS") ?? "");
  failures.push(...missed.map((name) => `skipped although required: ${name}`));
  // Deno adds what a process imports to the lock it was given, or took by itself.
  const changed = LOCK_FILES.filter((file, i) => Deno.readTextFileSync(file) !== locks[i]);
  failures.push(...changed.map((file) => `${file} was changed by what ran`));
  for (const step of failures) console.log(`failed: ${step}`);
  console.log(formatCount({ passed, failed: failed + failures.length, skipped }));
  return failed + failures.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
