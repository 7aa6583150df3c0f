/** `deno task predict`: folders in, folders out, what a second call does, and what it says when it cannot. */
import assert from "node:assert/strict";
import { readNifti, readNiftiHeader } from "../../lib/dataset/mod.ts";
import type { Triple } from "../../lib/geometry.ts";
import { WEIGHTINGS } from "../../lib/inference/mod.ts";
import { BACKENDS, selectBackend, type Tensor5D } from "../../lib/tensor/mod.ts";
import type { SegmentationTask } from "../../recipes/tasks/mod.ts";
import { openFinetuned } from "../../tasks/_finetuned.ts";
import { segmentSubject } from "../../tasks/_predict_subject.ts";
import { parseArguments } from "../../tasks/predict.ts";
import { COMPUTE_FLAGS } from "../../tasks/test.ts";
import { gunzip } from "../dataset/_nifti_file.ts";
import { tinyNifti } from "../dataset/_tiny_nifti.ts";
import { CLASSES, encodeConstantTemplates, writeFinetuned } from "./_finetuned_run.ts";
import { namesIn, type Outcome } from "./_pretrain_run.ts";

const ROOT = new URL("../../", import.meta.url);
/** The task may write under runs/ only. */
const RUNS = `runs/test-predict-${crypto.randomUUID()}`;
const RUN = `${RUNS}/run`;
const SCANS = Deno.makeTempDirSync();
const SIZE: Triple = [20, 18, 22];
const SUBJECTS = ["s1", "s2"];

Deno.test.beforeAll(async () => {
  await selectBackend("simd");
  writeFinetuned(RUN, { templates: encodeConstantTemplates({ t1: 0.5, t2: 0.25 }) });
  SUBJECTS.forEach((id, i) => {
    Deno.mkdirSync(`${SCANS}/${id}`);
    ["t1", "t2", "seg"].forEach((name, k) => Deno.writeFileSync(`${SCANS}/${id}/${id}_${name}.nii`, scan(i, k)));
  });
});
Deno.test.afterAll(() => {
  for (const folder of [SCANS, RUNS]) Deno.removeSync(folder, { recursive: true });
});

/** A ball in the dark whose texture depends on subject and modality; the third is a label. */
function scan(subject: number, modality: number): Uint8Array {
  const voxel = (i: number): number => {
    const [x, y, z] = [i % SIZE[0], Math.floor(i / SIZE[0]) % SIZE[1], Math.floor(i / (SIZE[0] * SIZE[1]))];
    if ((x - 10) ** 2 + (y - 9) ** 2 + (z - 11) ** 2 > 64) return 0;
    return modality === 2 ? 1 : 100 + ((i * (3 + subject)) % 61) + 10 * modality * z;
  };
  return tinyNifti(SIZE, { voxel, origin: [-7, 3, 11 * subject] });
}

/** Starts the task with the permissions and flags that `deno task predict` has, on a backend that every machine has. */
function startPredict(args: readonly string[]): { outcome: Promise<Outcome>; kill: (signal: Deno.Signal) => void } {
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "-P=predict", COMPUTE_FLAGS, "tasks/predict.ts", ...args, "--backend", "simd"],
    cwd: ROOT,
    env: { NO_COLOR: "1", COLUMNS: "120" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const outcome = child.output().then(({ code, signal, stdout, stderr }): Outcome => {
    const decoder = new TextDecoder();
    return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  });
  return { outcome, kill: (signal) => child.kill(signal) };
}

/** Runs the task to its end; fails with what it printed unless it exits with the status expected. */
async function runPredict(args: readonly string[], { code = 0 }: { code?: number } = {}): Promise<Outcome> {
  const outcome = await startPredict(args).outcome;
  assert.equal(outcome.code, code, `status of ${args.join(" ")}\n${outcome.stdout}\n${outcome.stderr}`);
  return outcome;
}

function readJson(path: string): unknown {
  return JSON.parse(Deno.readTextFileSync(path));
}

function readVolume(path: string): ReturnType<typeof readNifti> {
  return readNifti(Deno.readFileSync(path), path);
}

Deno.test("predict writes a label map per subject on the grid of its scans", async (t) => {
  const out = `${RUNS}/folder`;
  const args = ["--run", RUN, "--data", SCANS, "--out", out, "--probabilities"];
  const { stdout } = await runPredict(args);

  await t.step("and says what it works with", () => {
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines[0], `run       ${RUN}: tiny-tumour, uniformer-tiny`);
    assert.equal(lines[1], `data      folder ${SCANS}: 2 subjects`);
    assert.match(lines[2], /^backend {3}simd \(/);
    assert.equal(lines[3], `out       ${out}`);
    assert.match(lines[4], new RegExp(`^done in \\d+ s: 2 of 2 subjects in ${out}$`));
    const files = SUBJECTS.flatMap((id) => [`${id}.nii.gz`, `${id}_prob.nii.gz`]);
    assert.deepEqual(namesIn(out), ["predictions.json", "run.json", ...files]);
  });

  await t.step("with the labels that the parts of the task give by themselves", async () => {
    const run = await openFinetuned(RUN);
    for (const id of SUBJECTS) {
      const images = await Promise.all(["t1", "t2"].map(async (modality) => {
        const file = `${SCANS}/${id}/${id}_${modality}.nii`;
        return { modality, file, volume: await readVolume(file) };
      }));
      const predict = (x: Tensor5D): Tensor5D => run.forward(x) as Tensor5D;
      const windows = { windowSize: [16, 16, 16], overlap: 0.5, predict } as const;
      const task = run.task as SegmentationTask;
      const expected = await segmentSubject(images, { task, prepare: run.prepare, windows });
      const { data, size, affine } = await readVolume(`${out}/${id}.nii.gz`);
      assert.deepEqual([size, affine], [SIZE, images[0].volume.affine]);
      const agreeing = data.filter((value, i) => value === expected.labels[i]).length;
      // Another number of threads may round the last digit otherwise.
      assert.ok(agreeing >= data.length - 2, `${data.length - agreeing} voxels differ`);
      assert.ok(new Set(data).size > 1);
    }
    run.dispose();
  });

  await t.step("as bytes, beside probabilities of every region that say the same", async () => {
    const labels = Deno.readFileSync(`${out}/s1.nii.gz`);
    assert.equal((await readNiftiHeader(labels, "s1")).datatype, "uint8");
    const { data } = await readNifti(labels, "s1");
    const bytes = await gunzip(Deno.readFileSync(`${out}/s1_prob.nii.gz`));
    const view = new DataView(bytes.buffer);
    assert.deepEqual([0, 1, 2, 3, 4].map((i) => view.getInt16(40 + 2 * i, true)), [4, ...SIZE, 2]);
    const values = new Float32Array(bytes.buffer.slice(352));
    data.forEach((label, i) => {
      const [core, whole] = [values[i] > 0.5, values[data.length + i] > 0.5];
      assert.equal(label, core ? 1 : whole ? 2 : 0, `voxel ${i}`);
    });
  });

  await t.step("and lists them with their reference labels", () => {
    const { task, subjects } = readJson(`${out}/predictions.json`) as { task: { name: string }; subjects: unknown };
    assert.equal(task.name, "tiny-tumour");
    assert.deepEqual(
      subjects,
      SUBJECTS.map((id) => {
        return { subject: id, file: `${id}.nii.gz`, label: `${SCANS}/${id}/${id}_seg.nii` };
      }),
    );
    const { kind, settings } = readJson(`${out}/run.json`) as { kind: string; settings: Record<string, unknown> };
    assert.equal(kind, "predict");
    assert.deepEqual([settings.run, settings.overlap, settings.weighting, settings.tta], [RUN, 0.5, "constant", false]);
    assert.match(String(settings.weights), /^[0-9a-f]{64}$/);
  });

  await t.step("and predicts only what is missing when it is called again", async () => {
    const before = Deno.statSync(`${out}/s1.nii.gz`).mtime;
    const old = Deno.readFileSync(`${out}/s2.nii.gz`);
    Deno.removeSync(`${out}/s2.nii.gz`);
    const { stdout } = await runPredict(args);
    assert.match(stdout, /^found {5}1 subject done before$/m);
    assert.deepEqual(Deno.statSync(`${out}/s1.nii.gz`).mtime, before);
    assert.deepEqual(Deno.readFileSync(`${out}/s2.nii.gz`), old);
    const again = await runPredict(args);
    assert.match(again.stdout, /^found {5}2 subjects done before$/m);
    assert.equal(again.stderr, "");
  });

  await t.step("but not with other settings into the same folder", async () => {
    const { stderr } = await runPredict([...args, "--tta"], { code: 2 });
    assert.equal(
      stderr,
      `Cannot predict into ${out}: expected the tta that it was started with, false, got true; choose another --out\n`,
    );
    const other = await runPredict([...args.slice(0, 4), "--out", RUN], { code: 2 });
    assert.equal(
      other.stderr,
      `Cannot predict into ${RUN}: expected a folder of predictions or a new one, got another run's\n`,
    );
  });
});

Deno.test("predict leaves one broken scan out, goes on with the others, and ends with status 1", async () => {
  const data = `${SCANS}-broken`;
  for (const id of SUBJECTS) {
    Deno.mkdirSync(`${data}/${id}`, { recursive: true });
    for (const name of ["t1", "t2"]) {
      Deno.copyFileSync(`${SCANS}/${id}/${id}_${name}.nii`, `${data}/${id}/${id}_${name}.nii`);
    }
  }
  const broken = `${data}/s1/s1_t1.nii`;
  Deno.writeFileSync(broken, tinyNifti(SIZE, { voxel: () => 0, origin: [-7, 3, 0] }));
  Deno.copyFileSync(broken, `${data}/s1/s1_t2.nii`);
  try {
    const out = `${RUNS}/broken`;
    const { stdout, stderr } = await runPredict(["--run", RUN, "--data", data, "--out", out], { code: 1 });
    assert.match(stderr, /^left out s1: Cannot read .*expected voxels above 0, got none$/m);
    assert.match(stdout, /: 1 of 2 subjects in /);
    assert.deepEqual(namesIn(out), ["predictions.json", "run.json", "s2.nii.gz"]);
  } finally {
    Deno.removeSync(data, { recursive: true });
  }
});

Deno.test("predict takes the scans of one subject by name, with the options of windows", async () => {
  const out = `${RUNS}/files`;
  const images = ["t1w", "T2"].map((name, i) => `${name}=${SCANS}/s1/s1_t${i + 1}.nii`);
  const options = ["--overlap", "0.25", "--weighting", "gaussian", "--tta", "--skip-empty"];
  await runPredict(["--run", RUN, "--image", ...images, "--out", out, ...options]);
  assert.deepEqual(namesIn(out), ["predictions.json", "run.json", "s1.nii.gz"]);
  const { subjects } = readJson(`${out}/predictions.json`) as { subjects: unknown };
  assert.deepEqual(subjects, [{ subject: "s1", file: "s1.nii.gz" }]);
});

Deno.test("predict takes the held-out subjects of a datalist, or of the run itself", async () => {
  const image = (id: string): string[] => ["t1", "t2"].map((name) => `${id}/${id}_${name}.nii`);
  const list = `${SCANS}/list.json`;
  Deno.writeTextFileSync(
    list,
    JSON.stringify({ training: [{ image: image("s1") }], validation: [{ image: image("s2") }] }),
  );
  const { stdout } = await runPredict(["--run", RUN, "--datalist", list, "--out", `${RUNS}/list`]);
  assert.match(stdout, /^data {6}datalist .*list\.json, validation: 1 subject$/m);
  assert.ok(namesIn(`${RUNS}/list`).includes("s2.nii.gz") && !namesIn(`${RUNS}/list`).includes("s1.nii.gz"));

  const run = `${RUNS}/with-data`;
  const images = ["t1", "t2"].map((modality) => ({ modality, file: `s2/s2_${modality}.nii` }));
  const data = { root: SCANS, origin: "somewhere", training: [], validation: [{ id: "s2", images }], classes: null };
  writeFinetuned(run, { run: { data } });
  const own = await runPredict(["--run", run, "--out", `${RUNS}/own`]);
  assert.match(own.stdout, new RegExp(`^data {6}held out by ${run}: 1 subject$`, "m"));
  assert.deepEqual(Deno.readFileSync(`${RUNS}/own/s2.nii.gz`), Deno.readFileSync(`${RUNS}/list/s2.nii.gz`));
});

Deno.test("predict refuses subjects whose predictions would share a file", async () => {
  const subjects = ["a b", "a/b"].map((id) => {
    return { id, images: ["t1", "t2"].map((modality) => ({ modality, file: `s1/s1_${modality}.nii` })) };
  });
  const run = `${RUNS}/alike`;
  writeFinetuned(run, { run: { data: { root: SCANS, validation: subjects } } });
  const { stderr } = await runPredict(["--run", run, "--out", `${RUNS}/shared`], { code: 1 });
  assert.equal(stderr, 'Cannot predict: expected a file for each subject, got a_b.nii.gz for "a b" and "a/b"\n');
});

Deno.test("predict wants every modality of the task, or something in its place", async (t) => {
  const t1 = `t1=${SCANS}/s1/s1_t1.nii`;
  const labelsWith = async (run: string, fill: string): Promise<Float32Array> => {
    const out = `${RUNS}/fill-${fill}`;
    await runPredict(["--run", run, "--image", t1, "--fill", fill, "--out", out]);
    return (await readVolume(`${out}/s1_t1.nii.gz`)).data;
  };
  await t.step("and says what is missing, of which subject, and the way out", async () => {
    const { stderr } = await runPredict(["--run", RUN, "--image", t1, "--out", `${RUNS}/missing`], { code: 1 });
    assert.equal(
      stderr,
      "Cannot predict tiny-tumour: expected t2, t1 of every subject, got 1 of 1 without: s1_t1 lacks t2 (found t1); " +
        "--fill template or --fill zero puts something in their place\n",
    );
    assert.deepEqual(namesIn(`${RUNS}/missing`), []);
  });
  await t.step("which may be zeros or the run's template", async () => {
    const [zero, template] = [await labelsWith(RUN, "zero"), await labelsWith(RUN, "template")];
    assert.equal(zero.length, template.length);
    assert.ok(zero.some((value, i) => value !== template[i]));
  });
  await t.step("but not the template of a run without any", async () => {
    writeFinetuned(`${RUNS}/bare`);
    const args = ["--run", `${RUNS}/bare`, "--image", t1, "--fill", "template", "--out", `${RUNS}/x`];
    const { stderr } = await runPredict(args, { code: 2 });
    assert.equal(
      stderr,
      `Cannot use --fill template: expected templates.safetensors in ${RUNS}/bare, found none\n`,
    );
  });
  await t.step("and not for a subject that has none of them", async () => {
    const args = ["--run", RUN, "--image", `pd=${SCANS}/s1/s1_t1.nii`, "--fill", "zero"];
    const { stderr } = await runPredict(args, { code: 1 });
    assert.match(stderr, /got 1 of 1 without: s1_t1 lacks t2, t1 \(found pd\)\n$/);
  });
});

Deno.test("predict of a classification writes a table of probabilities, one row per subject", async () => {
  const run = `${RUNS}/classes`;
  const out = `${RUNS}/classified`;
  writeFinetuned(run, { task: CLASSES });
  const args = ["--run", run, "--data", SCANS, "--out", out];
  await runPredict([...args, "--tta"]);
  const text = Deno.readTextFileSync(`${out}/predictions.csv`);
  const [header, ...rows] = text.trimEnd().split("\n");
  assert.equal(header, 'subject,healthy,"ill, or worse"');
  assert.deepEqual(rows.map((row) => row.split(",")[0]), SUBJECTS);
  for (const row of rows) {
    const [, healthy, ill] = row.split(",").map(Number);
    assert.ok(Math.abs(healthy + ill - 1) < 1e-5 && healthy > 0 && ill > 0);
  }
  assert.deepEqual(namesIn(out), ["predictions.csv", "predictions.json", "run.json"]);
  Deno.writeTextFileSync(`${out}/predictions.csv`, text.split("\n").slice(0, 2).join("\n") + "\n");
  const { stdout } = await runPredict([...args, "--tta"]);
  assert.match(stdout, /^found {5}1 subject done before$/m);
  assert.equal(Deno.readTextFileSync(`${out}/predictions.csv`), text);
});

Deno.test("predict of a classification repeats the true classes that its run knows", async () => {
  const run = `${RUNS}/known-classes`;
  const validation = SUBJECTS.map((id) => {
    return { id, images: ["t1", "t2"].map((modality) => ({ modality, file: `${id}/${id}_${modality}.nii` })) };
  });
  const data = {
    root: SCANS,
    origin: "somewhere",
    training: [],
    validation,
    classes: { training: [], validation: [1, 0] },
  };
  writeFinetuned(run, { task: CLASSES, run: { data } });
  await runPredict(["--run", run, "--out", `${RUNS}/known`]);
  const lines = Deno.readTextFileSync(`${RUNS}/known/predictions.csv`).split("\n");
  assert.equal(lines[0], 'subject,label,healthy,"ill, or worse"');
  assert.match(lines[1], /^s1,"ill, or worse",0\.\d{6},0\.\d{6}$/);
  assert.match(lines[2], /^s2,healthy,0\.\d{6},0\.\d{6}$/);
});

Deno.test({
  name: "predict stops after the subject under way when it is interrupted, and goes on when it is called again",
  ignore: Deno.build.os === "windows",
  async fn() {
    const data = `${SCANS}-many`;
    const ids = Array.from({ length: 12 }, (_, i) => `s${String(i).padStart(2, "0")}`);
    for (const id of ids) {
      Deno.mkdirSync(`${data}/${id}`, { recursive: true });
      for (const name of ["t1", "t2"]) {
        Deno.copyFileSync(`${SCANS}/s1/s1_${name}.nii`, `${data}/${id}/${id}_${name}.nii`);
      }
    }
    try {
      const out = `${RUNS}/interrupted`;
      const args = ["--run", RUN, "--data", data, "--out", out, "--tta", "--overlap", "0.8"];
      const child = startPredict(args);
      let ended = false;
      child.outcome.then(() => ended = true);
      while (!ended && !namesIn(out).includes("s00.nii.gz")) await new Promise((resume) => setTimeout(resume, 1));
      child.kill("SIGINT");
      const { code, stdout, stderr } = await child.outcome;
      assert.equal(code, 130, stdout + stderr);
      const done = namesIn(out).filter((name) => name.endsWith(".nii.gz"));
      assert.ok(done.length >= 1 && done.length < ids.length, String(done));
      assert.match(stderr, /^stopping after this subject; once more to stop at once$/m);
      assert.match(stdout, new RegExp(`^interrupted with ${done.length} of 12 done; go on with .* --out ${out}$`, "m"));
      const { subjects } = readJson(`${out}/predictions.json`) as { subjects: { file: string }[] };
      assert.deepEqual(subjects.map(({ file }) => file), done);
      await runPredict(args);
      assert.deepEqual(namesIn(out).filter((name) => name.endsWith(".nii.gz")), ids.map((id) => `${id}.nii.gz`));
    } finally {
      Deno.removeSync(data, { recursive: true });
    }
  },
});

const WRONG_ARGUMENTS: readonly { args: string[]; code: number; message: string }[] = [
  { args: [], code: 2, message: "error: required option '--run <folder>' not specified\n" },
  {
    args: ["--run", "runs/none-of-these"],
    code: 1,
    message: "Cannot use runs/none-of-these: expected the folder of a run with a run.json, found none\n",
  },
  {
    args: ["--run", RUN],
    code: 2,
    message: `Cannot predict: expected --data, --datalist or --image, as ${RUN} names no held-out subjects\n`,
  },
  {
    args: ["--run", RUN, "--data", "x", "--image", "t1=a.nii"],
    code: 2,
    message: "Cannot use --image: expected no --data or --datalist beside it\n",
  },
  {
    args: ["--run", RUN, "--image", "a.nii"],
    code: 2,
    message: "error: option '--image <modality=file...>' argument 'a.nii' is invalid. " +
      'Expected modality=file as in t1=scan.nii.gz, got "a.nii".\n',
  },
  {
    args: ["--run", RUN, "--image", "t1=a.nii", "T1w=b.nii"],
    code: 2,
    message: "Cannot use --image: expected each modality once, got t1 twice\n",
  },
  {
    args: ["--run", RUN, "--data", "x", "--split", "training"],
    code: 2,
    message: "Cannot use --split training: expected a --datalist\n",
  },
  {
    args: ["--run", "x", "--overlap", "1"],
    code: 2,
    message: "error: option '--overlap <share>' argument '1' is invalid. " +
      "Expected a number from 0 up to, not including, 1.\n",
  },
];

for (const { args, code, message } of WRONG_ARGUMENTS) {
  Deno.test(`predict ${args.join(" ").replaceAll(RUN, "RUN")} ends with status ${code} and one message`, async () => {
    const { stdout, stderr } = await runPredict(args, { code });
    assert.deepEqual([stdout, stderr], ["", message]);
  });
}

Deno.test("predict --help describes every option and file", async () => {
  const { stdout } = await runPredict(["--help"]);
  const options = ["--run", "--data", "--datalist", "--image", "--split", "--out", "--overlap", "--weighting", "--tta"];
  const more = ["--skip-empty", "--probabilities", "--fill", "--backend", "--threads"];
  for (
    const word of [
      ...options,
      ...more,
      "predictions.json",
      "predictions.csv",
      "SUBJECT.nii.gz",
      ...BACKENDS,
      ...WEIGHTINGS,
    ]
  ) {
    assert.ok(stdout.includes(word), word);
  }
});

Deno.test("parseArguments() has the official windows by default", () => {
  assert.deepEqual(parseArguments(["--run", "r"]), { run: "r", image: [], overlap: 0.5, weighting: "constant" });
});

Deno.test("parseArguments() reads scans by modality, and numbers", () => {
  const images = ["t1=a=b.nii", "t2=c.nii"];
  const parsed = parseArguments(["--run", "r", "--image", ...images, "--threads", "2", "--overlap", "0"]);
  assert.deepEqual(parsed.image, [{ modality: "t1", file: "a=b.nii" }, { modality: "t2", file: "c.nii" }]);
  assert.deepEqual([parsed.threads, parsed.overlap], [2, 0]);
});

Deno.test("README.md shows only commands of predict that are accepted", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", ROOT));
  const commands = [...readme.matchAll(/^deno task predict (.*?)(?: +#.*)?$/gm)].map(([, args]) => args.split(/ +/));
  assert.ok(commands.length >= 3);
  for (const command of commands) assert.ok(parseArguments(command).run.startsWith("runs/"), command.join(" "));
});
