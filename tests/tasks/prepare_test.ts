/** `deno task prepare` as child processes: killed, divided, refused, and what training makes of its folder. */
import assert from "node:assert/strict";
import { type LabelledPlan, parseManifest } from "../../lib/dataset/mod.ts";
import { openLabelledSource } from "../../lib/host/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { FINETUNE_RECIPES, finetuneSchema } from "../../recipes/finetune/mod.ts";
import { findTask } from "../../recipes/tasks/mod.ts";
import { findLabelled, finetuneParameters } from "../../tasks/_finetune_data.ts";
import { parseArguments } from "../../tasks/prepare.ts";
import { runPhantom } from "../../tasks/phantom.ts";
import { contentOf, subjectsIn } from "../host/_prepared.ts";
import {
  COHORT,
  namesIn,
  type Outcome,
  prepareFolders,
  runPretrain,
  RUNS,
  TINY,
  tinyRun,
  writeDatalist,
  writeScan,
} from "./_pretrain_run.ts";

const ROOT = new URL("../../", import.meta.url);
const SUBJECTS = 14;
const SCANS = Deno.makeTempDirSync();

prepareFolders();
Deno.test.beforeAll(() => {
  const training = Array.from({ length: SUBJECTS }, (_, i) => {
    return ["t1", "flair"].map((modality) => {
      const file = `sub${String(i).padStart(2, "0")}_${modality}.nii`;
      writeScan(`${SCANS}/${file}`, { size: [72, 70, 68] });
      return file;
    });
  });
  writeDatalist(`${SCANS}/list.json`, { training, validation: [] });
});
Deno.test.afterAll(() => Deno.removeSync(SCANS, { recursive: true }));

/** Starts the task with the permissions that `deno task prepare` has. */
function startPrepare(args: readonly string[]): { child: Deno.ChildProcess; outcome: Promise<Outcome> } {
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "-P=prepare", "tasks/prepare.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const outcome = child.output().then(({ code, signal, stdout, stderr }) => {
    const decoder = new TextDecoder();
    return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  });
  return { child, outcome };
}

async function runPrepare(args: readonly string[], { code = 0 }: { code?: number } = {}): Promise<Outcome> {
  const outcome = await startPrepare(args).outcome;
  assert.equal(outcome.code, code, `status of ${args.join(" ")}\n${outcome.stdout}\n${outcome.stderr}`);
  return outcome;
}

function scansInto(out: string, ...others: string[]): string[] {
  return ["--datalist", `${SCANS}/list.json`, "--out", `${RUNS}/${out}`, "--workers", "2", ...others];
}

async function preparedCount(out: string): Promise<number> {
  return namesIn(`${RUNS}/${out}`).includes("subjects") ? (await subjectsIn(`${RUNS}/${out}`)).length : 0;
}

/** Kills the task once so many subjects more are there, and some milliseconds later. */
async function killAfter(
  args: string[],
  { out, more, delayMs }: { out: string; more: number; delayMs: number },
): Promise<void> {
  const before = await preparedCount(out);
  const { child, outcome } = startPrepare(args);
  let ended = false;
  outcome.then(() => ended = true);
  while (!ended && await preparedCount(out) < before + more) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  if (!ended) child.kill("SIGKILL");
  const { signal, stdout, stderr } = await outcome;
  assert.equal(signal, "SIGKILL", `the run was over before the signal\n${stdout}\n${stderr}`);
}

async function assertSameFolders(a: string, b: string): Promise<void> {
  const [contentA, contentB] = [await contentOf(`${RUNS}/${a}`), await contentOf(`${RUNS}/${b}`)];
  assert.deepEqual([...contentA.keys()], [...contentB.keys()]);
  for (const [name, bytes] of contentA) assert.ok(contentB.get(name) === bytes, name);
}

Deno.test("prepare killed three times goes on to the bytes of a run that was not", async () => {
  const { stdout } = await runPrepare(scansInto("whole"));
  assert.match(stdout, /done +14 subjects in runs\/.*\/whole, 0 in quarantine/);
  const random = randomStream(4, "moments of kills");
  for (let kill = 0; kill < 3; kill++) {
    await killAfter(scansInto("killed"), { out: "killed", more: 1 + random.integer(3), delayMs: random.integer(12) });
    assert.ok(!namesIn(`${RUNS}/killed`).includes("manifest.json"));
  }
  const there = await preparedCount("killed");
  assert.ok(there >= 3 && there < SUBJECTS, `${there}`);
  const last = await runPrepare(scansInto("killed"));
  assert.match(last.stdout, new RegExp(`there +${there} subjects, left as they are`));
  await assertSameFolders("killed", "whole");
  // Once more: nothing is left to do, and nothing changes.
  assert.match((await runPrepare(scansInto("killed"))).stdout, /^0 subjects in /m);
  await assertSameFolders("killed", "whole");
});

Deno.test("prepare in three processes at once gives the bytes of one", async () => {
  const shards = [0, 1, 2].map((i) => startPrepare(scansInto("shards", "--shard", `${i}/3`)).outcome);
  const outcomes = await Promise.all(shards);
  for (const { code, stdout, stderr } of outcomes) assert.equal(code, 0, stdout + stderr);
  assert.match(outcomes[1].stdout, /shard +1\/3: 5 subjects/);
  assert.ok(outcomes.some(({ stdout }) => /^done +14 subjects/m.test(stdout)));
  await assertSameFolders("shards", "whole");
});

Deno.test("prepare --verify finds damage, --repair takes it out, and the same command makes it good", async () => {
  await runPrepare(["--out", `${RUNS}/shards`, "--verify"]);
  const shard = `${RUNS}/shards/subjects/sub03/image/c/0/0/0/0`;
  const bytes = Deno.readFileSync(shard);
  bytes[100] ^= 1;
  Deno.writeFileSync(shard, bytes);
  const { stdout } = await runPrepare(["--out", `${RUNS}/shards`, "--verify"], { code: 1 });
  assert.match(stdout, /damaged +sub03: .*\/sub03\/image\/c\/0\/0\/0\/0 has changed/);
  assert.match(stdout, /verified +14 subjects in .*: 1 damaged/);
  await runPrepare(["--out", `${RUNS}/shards`, "--repair"], { code: 1 });
  const again = await runPrepare(scansInto("shards"));
  assert.match(again.stdout, /there +13 subjects/);
  await assertSameFolders("shards", "whole");
});

Deno.test("prepare puts broken scans in quarantine, and takes them out again once they are mended", async () => {
  const folder = `${SCANS}/broken`;
  Deno.mkdirSync(folder);
  const files = ["a", "b"].map((id) => [`${id}_t1.nii`]);
  writeDatalist(`${folder}/list.json`, { training: files, validation: [] });
  writeScan(`${folder}/a_t1.nii`);
  const args = ["--datalist", `${folder}/list.json`, "--out", `${RUNS}/mended`];
  const first = await runPrepare(args);
  const reason = `Cannot read ${folder}/b_t1.nii: expected an existing file or folder, got none`;
  assert.ok(first.stdout.includes(`quarantine b: ${reason}`), first.stdout);
  const manifest = (): ReturnType<typeof parseManifest> =>
    parseManifest(Deno.readTextFileSync(`${RUNS}/mended/manifest.json`), "manifest.json");
  assert.deepEqual(manifest().quarantine, [{ id: "b", reason }]);
  writeScan(`${folder}/b_t1.nii`);
  await runPrepare(args);
  assert.deepEqual([manifest().quarantine, Object.keys(manifest().sha256)], [[], ["a", "b"]]);
  Deno.removeSync(`${folder}/a_t1.nii`);
  Deno.removeSync(`${folder}/b_t1.nii`);
  const none = await runPrepare([...args.slice(0, 2), "--out", `${RUNS}/none`], { code: 1 });
  assert.match(none.stderr, /^Cannot prepare any of 2 subjects: a: Cannot read /m);
});

Deno.test("pretrain on exactly prepared scans gives the records of a run on the scans", async () => {
  const list = ["--datalist", `${COHORT}/list.json`];
  await runPrepare(["quick", ...list, "--out", `${RUNS}/exact`, "--storage", "float32"]);
  await runPretrain(tinyRun("scans"));
  const args = ["quick", "--data", `${RUNS}/exact`, "--out", `${RUNS}/prepared`, ...TINY];
  const { stdout } = await runPretrain([...args.slice(0, -1), "loader.workers=2"]);
  assert.match(stdout, /data +prepared folder runs\/.*\/exact \(float32\): 4 subjects, 1 held out/);
  assert.match(stdout, /^waited for data \d+\.\d % of the time/m);
  const records = (run: string): string => Deno.readTextFileSync(`${RUNS}/${run}/metrics.jsonl`);
  assert.equal(records("prepared"), records("scans"));
  assert.doesNotMatch(records("prepared"), /wait|second/);
  assert.match(Deno.readTextFileSync(`${RUNS}/prepared/report.html`), /waited for data/);

  const other = await runPretrain([...args.slice(0, 3), "--out", `${RUNS}/other`, "preprocess.lowerPercentile=1"], {
    code: 2,
  });
  assert.match(other.stderr, /Cannot use .*\/exact: it was prepared with other options:/);
  assert.match(other.stderr, /preprocess.lowerPercentile: prepared with 5, asked for 1/);
  assert.ok(!namesIn(RUNS).includes("other"));
  Deno.renameSync(`${RUNS}/exact/manifest.json`, `${RUNS}/exact/away.json`);
  const unfinished = await runPretrain(["--resume", `${RUNS}/prepared`], { code: 2 });
  assert.match(unfinished.stderr, /expected all of its subjects to be prepared, found no manifest.json/);
  const text = Deno.readTextFileSync(`${RUNS}/exact/away.json`);
  Deno.writeTextFileSync(
    `${RUNS}/exact/manifest.json`,
    text.replace(/"sha256": \{\s*"[^"]+": "/, (start) => `${start}0`),
  );
  const changed = await runPretrain(["--resume", `${RUNS}/prepared`], { code: 2 });
  assert.match(changed.stderr, /^Cannot resume on .*: expected the manifest the run was started with/m);
});

Deno.test("prepare --task keeps what fine-tuning on that task would load, label included", async () => {
  const phantoms = `${SCANS}/phantoms`;
  const quiet = { out: (): void => {}, error: (): void => {}, isTerminal: false };
  assert.equal(await runPhantom(["--out", phantoms, "--subjects", "6", "--size", "24"], quiet), 0);
  const out = `${RUNS}/labelled`;
  const data = ["--data", phantoms];
  await runPrepare(["quick", "--task", "phantom-tumour", ...data, "--out", out, "--storage", "float32"]);
  const task = findTask("phantom-tumour");
  const options = finetuneSchema.parse(FINETUNE_RECIPES.quick.recipe);
  const { datalist } = await findLabelled({ data: phantoms }, { task, print: () => {} });
  const { modalities, labels, preprocess } = finetuneParameters(task, options);
  const plan: LabelledPlan = {
    root: phantoms,
    subjects: datalist.training,
    modalities,
    scheme: labels,
    classes: null,
    preprocess,
    seed: 1,
    crop: "random",
    cropSize: [16, 16, 16],
    templateSize: [40, 40, 40],
    labelCentred: 0.5,
  };
  assert.ok(datalist.training.length > 0);
  const scans = openLabelledSource(plan, { workers: 0, cacheBytes: 1e7 });
  const prepared = openLabelledSource({ ...plan, root: out, prepared: true }, { workers: 1, cacheBytes: 0 });
  try {
    for (const [subject] of datalist.training.entries()) {
      const request = { epoch: 2, subject };
      assert.deepEqual(await prepared.load(request), await scans.load(request));
    }
  } finally {
    scans.close();
    prepared.close();
  }
});

Deno.test("prepare refuses what it cannot do before it begins", async () => {
  const cases: [string[], RegExp][] = [
    [[], /^Cannot prepare: expected --data or --datalist, got neither/],
    [["best", "--data", SCANS], /^Cannot find recipe: expected one of .*, got "best"/],
    [["--data", `${RUNS}/whole`], /^Cannot prepare .*: expected scans, got a folder that is prepared already/],
    [["--verify"], /^Cannot verify: expected --out with the prepared folder, got none/],
    [["--verify", "--out", `${RUNS}/nowhere`], /^Cannot use .*nowhere: expected all of its subjects to be prepared/],
    [
      scansInto("whole", "preprocess.spacingMm=[2,2,2]"),
      /preprocess.spacingMm: started with \[1, 1, 1\], asked for \[2, 2, 2\]/,
    ],
    [["--shard", "3/3"], /Expected i\/n with 0 ≤ i < n/],
  ];
  for (const [args, message] of cases) assert.match((await runPrepare(args, { code: 2 })).stderr, message);
});

Deno.test("parseArguments() reads the shard and takes options without a recipe", () => {
  const { shard, recipe, assignments, storage } = parseArguments(["a.b=1", "--shard", "2/5", "--data", "x"]);
  assert.deepEqual([shard, recipe, assignments, storage], [{ index: 2, count: 5 }, undefined, ["a.b=1"], "float16"]);
  assert.deepEqual(parseArguments(["--data", "x"]).shard, { index: 0, count: 1 });
});
