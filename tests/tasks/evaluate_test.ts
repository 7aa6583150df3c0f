/** `deno task evaluate`: what it writes and prints, by hand, and what it says when it cannot. */
import assert from "node:assert/strict";
import { writeNifti } from "../../lib/dataset/mod.ts";
import type { Triple } from "../../lib/geometry.ts";
import { parseArguments } from "../../tasks/evaluate.ts";

const ROOT = new URL("../../", import.meta.url);
/** The task may write under runs/ only. */
const RUNS = `runs/test-evaluate-${crypto.randomUUID()}`;

Deno.test.beforeAll(() => Deno.mkdirSync(RUNS, { recursive: true }));
Deno.test.afterAll(() => Deno.removeSync(RUNS, { recursive: true }));

/** Runs the task with the permissions that `deno task evaluate` has. */
async function runEvaluate(args: readonly string[], { code = 0 }: { code?: number } = {}): Promise<{
  stdout: string;
  stderr: string;
}> {
  const { code: got, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", "-P=evaluate", "tasks/evaluate.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const texts = { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  assert.equal(got, code, `status of ${args.join(" ")}\n${texts.stdout}\n${texts.stderr}`);
  return texts;
}

const TASK = {
  kind: "segmentation",
  name: "toy",
  title: "Toy tumours",
  modalities: ["t1"],
  regions: [{ name: "WT", labels: [1, 2] }, { name: "ET", labels: [2] }],
  output: "sigmoid",
  labelSets: [{ name: "old", rename: { 4: 2 } }],
};

const SIZE: Triple = [6, 3, 1];

interface MapOptions {
  readonly size?: Triple;
  readonly step?: number;
}

/** Writes a label map whose first voxels have these values. */
async function writeMap(path: string, labels: string, { size = SIZE, step = 1 }: MapOptions = {}): Promise<void> {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const data = new Float32Array(size[0] * size[1] * size[2]);
  [...labels].forEach((label, i) => data[i] = Number(label));
  const affine = [[step, 0, 0, 0], [0, step, 0, 0], [0, 0, step, 0], [0, 0, 0, 1]];
  Deno.writeFileSync(path, await writeNifti({ data, size, affine }, { datatype: "uint8" }));
}

function writeText(path: string, text: string): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(path, text);
}

/** Writes predictions and references of these label maps; returns the folder of the predictions. */
async function writeCases(name: string, cases: Readonly<Record<string, readonly [string, string]>>): Promise<string> {
  const folder = `${RUNS}/${name}`;
  for (const [subject, [prediction, reference]] of Object.entries(cases)) {
    await writeMap(`${folder}/${subject}.nii.gz`, prediction);
    await writeMap(`${RUNS}/${name}-labels/${subject}_seg.nii.gz`, reference);
  }
  const subjects = Object.keys(cases).map((subject) => ({
    subject,
    file: `${subject}.nii.gz`,
    label: `${RUNS}/${name}-labels/${subject}_seg.nii.gz`,
  }));
  writeText(`${folder}/predictions.json`, JSON.stringify({ task: TASK, subjects }));
  return folder;
}

function readJson(path: string): Record<string, never> {
  return JSON.parse(Deno.readTextFileSync(path));
}

Deno.test("evaluate measures every region of every case against the references that predictions.json names", async (t) => {
  // WT 3 of 3 and 4, ET 1 of 1 and 2; then no ET in either; then ET where there is none.
  const folder = await writeCases("toy", { a: ["112", "1122"], b: ["110", "110"], c: ["12", "11"] });
  const { stdout } = await runEvaluate(["--predictions", folder]);
  const rows = Deno.readTextFileSync(`${folder}/metrics.csv`).trimEnd().split("\n").map((line) => line.split(","));
  const cell = (subject: string, region: string, column: string): string =>
    rows.find((row) => row[0] === subject && row[1] === region)![rows[0].indexOf(column)];

  await t.step("with the numbers of a hand calculation", () => {
    assert.equal(rows.length, 7);
    assert.equal(Number(cell("a", "WT", "dice")), 6 / 7);
    assert.equal(Number(cell("a", "ET", "dice_official")), 2 / 3);
    assert.equal(cell("a", "ET", "hd95_mm"), "0.95");
    assert.equal(cell("a", "ET", "surface_dice_1mm"), "1");
    assert.equal(cell("a", "WT", "reference_ml"), "0.004");
    assert.equal(cell("c", "WT", "dice"), "1");
  });

  await t.step("and says of empty regions what they are", () => {
    assert.deepEqual(["a", "b", "c"].map((subject) => cell(subject, "ET", "empty")), ["neither", "both", "reference"]);
    assert.deepEqual(["b", "c"].map((subject) => cell(subject, "ET", "dice_official")), ["1", "0"]);
    assert.deepEqual(["b", "c"].map((subject) => cell(subject, "ET", "dice")), ["", ""]);
    assert.deepEqual(["b", "c"].map((subject) => cell(subject, "ET", "hd95_mm")), ["", "inf"]);
  });

  await t.step("in a summary whose means count them", () => {
    const { regions } = readJson(`${folder}/summary.json`) as unknown as {
      regions: { region: string; empty: unknown; scores: Record<string, Record<string, number>> }[];
    };
    assert.deepEqual(regions.map(({ region }) => region), ["WT", "ET", "mean of regions"]);
    assert.deepEqual(regions[1].empty, { both: 1, reference: 1, prediction: 0 });
    const { dice_official, dice, hd95_mm } = regions[1].scores;
    assert.deepEqual([dice_official.count, dice_official.mean], [3, (2 / 3 + 1 + 0) / 3]);
    assert.deepEqual([dice.count, dice.undefinedCases, dice.mean, dice.sd], [1, 2, 2 / 3, null]);
    assert.deepEqual([hd95_mm.count, hd95_mm.undefinedCases, hd95_mm.infiniteCases], [1, 1, 1]);
    // MONAI's mean: over the defined regions of a case, then over cases.
    assert.equal(regions[2].scores.dice.mean, ((6 / 7 + 2 / 3) / 2 + 1 + 1) / 3);
  });

  await t.step("and in tables", () => {
    const markdown = Deno.readTextFileSync(`${folder}/summary.md`);
    assert.match(stdout, /^toy: 3 cases\n\n\| region +\| score +\| +n \|/);
    assert.match(stdout, /^\| ET +\| Dice \(MONAI\) +\| +1 \| +2 undefined \| 0\.6667 \| +n\/a \|/m);
    for (const text of [stdout, markdown]) {
      assert.match(
        text,
        /ET: empty in reference and prediction in 1 of 3 cases; counted as Dice \(official\) 1, left out /,
      );
      assert.match(text, /ET: predicted but not in the reference in 1 of 3 cases/);
      assert.doesNotMatch(text, /WT: (empty|predicted|missed)/);
    }
    assert.match(
      markdown,
      /^- Dice \(official\): an empty reference counts 1 if the prediction is empty too, else 0$/m,
    );
    assert.match(stdout, new RegExp(`^written {3}${folder}/metrics.csv, summary.json, summary.md$`, "m"));
  });

  await t.step("and nothing that changes from run to run", async () => {
    const files = ["metrics.csv", "summary.json", "summary.md"];
    await runEvaluate(["--predictions", folder, "--out", `${RUNS}/again`]);
    for (const file of files) {
      assert.equal(Deno.readTextFileSync(`${RUNS}/again/${file}`), Deno.readTextFileSync(`${folder}/${file}`), file);
    }
  });
});

Deno.test("evaluate finds references by the subjects' names, and reads another label set", async () => {
  const folder = await writeCases("named", { one: ["112", ""], two: ["1", ""], three: ["2", ""] });
  const labels = `${RUNS}/named-other`;
  await writeMap(`${labels}/one.nii.gz`, "114");
  await writeMap(`${labels}/deep/two-seg.nii.gz`, "1");
  await writeMap(`${labels}/three/any.nii.gz`, "4");
  await runEvaluate(["--predictions", folder, "--labels", labels, "--label-set", "old", "--tolerance-mm", "0.5"]);
  const [header, ...rows] = Deno.readTextFileSync(`${folder}/metrics.csv`).trimEnd().split("\n");
  assert.match(header, /^subject,region,empty,label_set,dice_official,.*surface_dice_0\.5mm/);
  assert.deepEqual(rows.map((row) => row.split(",")[4]), ["1", "1", "1", "1", "1", "1"]);
});

Deno.test("evaluate finds references beside the scans of a data folder, and takes a task from a file", async () => {
  const folder = `${RUNS}/plain`;
  await writeMap(`${folder}/s1.nii.gz`, "12");
  await writeMap(`${folder}/s1_prob.nii.gz`, "1");
  await writeMap(`${RUNS}/plain-data/s1/s1_t1.nii.gz`, "1");
  await writeMap(`${RUNS}/plain-data/s1/s1_seg.nii.gz`, "11");
  writeText(`${RUNS}/task.yaml`, "kind: segmentation\nname: one\nregions:\n  - {name: lesion, labels: [1, 2]}\n");
  const { stdout } = await runEvaluate([
    ...["--predictions", folder, "--data", `${RUNS}/plain-data`, "--task", `${RUNS}/task.yaml`, "--neighbourhood", "6"],
  ]);
  assert.match(stdout, /^one: 1 case$/m);
  assert.match(stdout, /^\| lesion +\| Dice \(official\) +\| +1 \| +\| 1\.0000 \|/m);
  assert.match(stdout, /^No region was empty in a reference or a prediction\.$/m);
});

Deno.test("evaluate reads each reference by the label set that has all of its values, and says so", async () => {
  const folder = await writeCases("mixed", { a: ["12", "12"], b: ["12", "14"] });
  const { stdout } = await runEvaluate(["--predictions", folder]);
  assert.match(stdout, /^1 reference read by label set old, not own$/m);
  const rows = Deno.readTextFileSync(`${folder}/metrics.csv`).trimEnd().split("\n").slice(1);
  assert.deepEqual(rows.map((row) => row.split(",").slice(3, 5)), [["own", "1"], ["own", "1"], ["old", "1"], [
    "old",
    "1",
  ]]);
});

Deno.test("evaluate compares two evaluations case by case", async () => {
  const truth = "111111";
  const better = await writeCases("better", { a: ["111111", truth], b: ["11111", truth], c: ["111", truth] });
  const worse = await writeCases("worse", { a: ["1", truth], b: ["11", truth], d: ["1", truth] });
  await runEvaluate(["--predictions", worse]);
  const { stdout } = await runEvaluate(["--predictions", better, "--compare", worse]);
  const { comparison } = readJson(`${better}/summary.json`) as unknown as {
    comparison: {
      onlyHere: number;
      onlyThere: number;
      differences: Record<string, string & { count: number; mean: number }>[];
    };
  };
  const found = comparison.differences.find(({ region, score }) => region === "WT" && score === "dice")!;
  assert.deepEqual([comparison.onlyHere, comparison.onlyThere, found.difference.count], [1, 1, 2]);
  // Dice 1 and 10/11 against 2/7 and 4/8.
  assert(Math.abs(found.difference.mean - ((1 - 2 / 7) + (10 / 11 - 4 / 8)) / 2) < 1e-12);
  // Both of 2 signs positive: 1 of 4 ways, two-sided 2; times two regions for Holm.
  assert.deepEqual([found.pValue, found.correctedPValue, found.method], [0.5, 1, "exact"]);
  assert.match(stdout, /Left out: 1 subject that only this evaluation has, and 1 that only the other has\./);
  assert.match(Deno.readTextFileSync(`${better}/summary.md`), /^## Comparison$/m);
});

Deno.test("evaluate scores a table of class probabilities", async (t) => {
  const folder = `${RUNS}/classes`;
  const table = "subject,label,p(NC),p(MCI)\na,NC,0.9,0.1\nb,MCI,0.4,0.6\nc,NC,0.3,0.7\nd,MCI,0.2,0.8\n";
  writeText(`${folder}/predictions.csv`, table);
  const { stdout } = await runEvaluate(["--predictions", folder]);

  await t.step("with the numbers of a hand calculation", () => {
    const { scores, confusionMatrix } = readJson(`${folder}/summary.json`) as unknown as {
      scores: { name: string; value: number; low: number; high: number }[];
      confusionMatrix: number[][];
    };
    const values = Object.fromEntries(scores.map(({ name, value }) => [name, value]));
    assert.deepEqual(values, {
      accuracy: 0.75,
      balancedAccuracy: 0.75,
      f1: 0.8,
      macroF1: (0.8 + 2 / 3) / 2,
      auc: 0.75,
    });
    assert.deepEqual(confusionMatrix, [[1, 1], [0, 2]]);
    assert(scores.every(({ low, value, high }) => low <= value && value <= high));
  });

  await t.step("in tables", () => {
    assert.match(stdout, /^classification: 4 subjects$/m);
    assert.match(stdout, /^\| AUC +\| 0\.7500 \| \[/m);
    assert.match(stdout, /^\| NC +\| +1 \| +1 \|$/m);
    assert.match(stdout, /^F1 and AUC are those of MCI\.$/m);
    assert.match(stdout, /^The interval of AUC is without \d+ resamples in which it is not defined\.$/m);
    const rows = Deno.readTextFileSync(`${folder}/metrics.csv`);
    assert.equal(rows.split("\n")[3], "c,all,NC,MCI,0,0.3");
  });

  await t.step("with labels from another file, compared with another evaluation", async () => {
    const other = `${RUNS}/classes-other`;
    writeText(`${other}/predictions.csv`, "subject,NC,MCI\na,0.6,0.4\nb,0.6,0.4\nc,0.8,0.2\nd,0.6,0.4\n");
    writeText(`${RUNS}/classes.csv`, 'subject,class\na,nc\nb,MCI\n"c",0\nd,1\n');
    const args = ["--predictions", other, "--labels", `${RUNS}/classes.csv`, "--compare", `${folder}/metrics.csv`];
    const { stdout } = await runEvaluate(args);
    assert.match(stdout, /^\| all +\| Accuracy +\| +4 \| +-0\.2500 \|/m);
  });

  await t.step("and says what is wrong with one", async () => {
    const problems: [string, string][] = [
      ["subject,p(A),p(B)\na,1,0\n", "expected a column label (or a file with --labels), got subject, p(A), p(B)"],
      ["subject,label,A\na,A,1\n", "expected a column for each of two or more classes, got subject, label, A"],
      ["subject,label,p(A),p(B)\na,C,1,0\n", 'expected a class of A, B for line 2 (a), got "C"'],
      ["subject,label,p(A),p(B)\na,A,1.2,0\n", 'expected probabilities from 0 to 1 in line 2 (a), got "1.2"'],
      ["subject,label,p(A),p(B)\na,A,0.5,0.4\n", "expected probabilities that add up to 1 in line 2 (a), got 0.9"],
      ["subject,label,p(A),p(B)\na,A,1,0\na,A,1,0\n", "expected each subject once, got a again in line 3"],
      ["subject,label,p(A),p(B)\na,A,1\n", "expected 4 cells in line 2, got 3"],
      ["subject,label,p(A),p(B)\n", "expected subjects, got none"],
    ];
    for (const [text, reason] of problems) {
      writeText(`${RUNS}/wrong/predictions.csv`, text);
      const { stderr } = await runEvaluate(["--predictions", `${RUNS}/wrong`], { code: 1 });
      assert.equal(stderr, `Cannot read ${RUNS}/wrong/predictions.csv: ${reason}\n`);
    }
  });
});

Deno.test("evaluate says in one line per file what is wrong, and writes nothing", async () => {
  const folder = await writeCases("broken", { a: ["1", "1"], b: ["1", "1"], c: ["1", "1"], d: ["1", "1"] });
  const labels = `${RUNS}/broken-labels`;
  Deno.removeSync(`${labels}/a_seg.nii.gz`);
  await writeMap(`${labels}/b_seg.nii.gz`, "1", { size: [6, 3, 2] });
  await writeMap(`${labels}/c_seg.nii.gz`, "1", { step: 1.5 });
  const { stderr } = await runEvaluate(["--predictions", folder, "--labels", labels], { code: 1 });
  assert.deepEqual(stderr.trimEnd().split("\n"), [
    `Cannot evaluate subject "a": expected one reference label under ${labels}, got none`,
    `Cannot compare ${folder}/b.nii.gz with ${labels}/b_seg.nii.gz: expected one grid, ` +
    "6 × 3 × 2 voxels of 1 × 1 × 1 mm in the label, got 6 × 3 × 1 voxels of 1 × 1 × 1 mm",
    `Cannot compare ${folder}/c.nii.gz with ${labels}/c_seg.nii.gz: expected one grid, ` +
    "6 × 3 × 1 voxels of 1.5 × 1.5 × 1.5 mm in the label, got 6 × 3 × 1 voxels of 1 × 1 × 1 mm",
  ]);
  assert(!Array.from(Deno.readDirSync(folder)).some(({ name }) => name === "metrics.csv"));
});

Deno.test("evaluate names the file and the value that is no label of the task", async () => {
  const folder = await writeCases("strange", { a: ["3", "1"], b: ["1", "5"] });
  const { stderr } = await runEvaluate(["--predictions", folder], { code: 1 });
  assert.deepEqual(stderr.trimEnd().split("\n").filter((line) => line.startsWith("Cannot")), [
    `Cannot read ${folder}/a.nii.gz: expected values 0, 1, 2, got 3`,
    `Cannot read ${RUNS}/strange-labels/b_seg.nii.gz: expected values 0, 1, 2, got 5 (own); expected values 0, 1, 4, got 5 (old)`,
  ]);
});

Deno.test("evaluate says which argument is wrong", async () => {
  const folder = await writeCases("arguments", { a: ["1", "1"] });
  const table: [string[], RegExp][] = [
    [["--label-set", "new"], /^Cannot use label set "new": expected one of the task toy \(own, old\)$/],
    [
      ["--task", "toy"],
      /^Cannot find task: expected one of brats2023-ped, .*, or a file such as my-task.yaml .*, got "toy"$/,
    ],
  ];
  for (const [args, message] of table) {
    const { stderr } = await runEvaluate(["--predictions", folder, ...args], { code: 2 });
    assert.match(stderr.trimEnd(), message);
  }
  const { stderr } = await runEvaluate(["--predictions", `${RUNS}/arguments-labels`], { code: 2 });
  const path = `${RUNS}/arguments-labels`;
  assert.equal(
    stderr.trimEnd(),
    `Cannot evaluate ${path}: expected a task, there is no ${path}/predictions.json; name its file with --task`,
  );
});

Deno.test("evaluate reads its arguments", () => {
  const { toleranceMm, neighbourhood, seed } = parseArguments(["--predictions", "p"]);
  assert.deepEqual([toleranceMm, neighbourhood, seed], [[1, 2], 26, 0]);
  assert.deepEqual(parseArguments(["--predictions", "p", "--tolerance-mm", "0,2.5,2.5"]).toleranceMm, [0, 2.5]);
});
