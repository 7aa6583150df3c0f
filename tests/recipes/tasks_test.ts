import assert from "node:assert/strict";
import { ConfigError } from "../../lib/errors.ts";
import {
  CUSTOM_TASK_FILE,
  findTask,
  isTaskFile,
  parseTask,
  type SegmentationTask,
  TASKS,
} from "../../recipes/tasks/mod.ts";

const SEGMENTATION = [
  "brats2023-ped",
  "brats2023-met",
  "isles22",
  "mrbrains13",
  "vsseg",
  "upenn-gbm",
  "phantom-tumour",
];
const CLASSIFICATION = ["brats2018-hgg", "adni", "adhd200", "abide1", "phantom-class"];

Deno.test("TASKS holds the paper's six segmentation and four classification tasks, and those of the phantoms", () => {
  assert.deepEqual(Object.keys(TASKS).toSorted(), [...SEGMENTATION, ...CLASSIFICATION].toSorted());
  for (const name of SEGMENTATION) assert.equal(findTask(name).kind, "segmentation");
  for (const name of CLASSIFICATION) assert.equal(findTask(name).kind, "classification");
});

Deno.test("findTask() gives BraTS regions in the official order, in the numbering of the data set", () => {
  const regions = (name: string): unknown => (findTask(name) as SegmentationTask).regions;
  const expected = (et: number): unknown => [
    { name: "TC", labels: [1, et] },
    { name: "WT", labels: [1, 2, et] },
    { name: "ET", labels: [et] },
  ];
  assert.deepEqual(regions("brats2023-ped"), expected(3));
  assert.deepEqual(regions("upenn-gbm"), expected(4));
  assert.deepEqual((findTask("brats2023-met") as SegmentationTask).labelSets, [{
    name: "brats2021",
    rename: { "4": 3 },
  }]);
});

Deno.test("findTask() names what there is when the name is unknown", () => {
  assert.throws(() => findTask("brats"), {
    name: "ConfigError",
    message: /^Cannot find task: expected one of brats2023-ped, .*phantom-class, or a file such as .*, got "brats"$/,
  });
});

Deno.test("isTaskFile() tells files from names", () => {
  assert.deepEqual(["my.yaml", "a/b.YML", "t.json", "vsseg"].map(isTaskFile), [true, true, true, false]);
});

Deno.test("parseTask() reads the file that is there to be copied", () => {
  const task = parseTask(Deno.readTextFileSync(CUSTOM_TASK_FILE), CUSTOM_TASK_FILE) as SegmentationTask;
  assert.deepEqual(task.modalities, ["flair", "t1"]);
  assert.deepEqual(task.regions, [{ name: "lesion", labels: [1, 2] }, { name: "core", labels: [2] }]);
  assert.deepEqual(task.labelSets, [{ name: "theirs", rename: { "10": 1, "20": 2 } }]);
  assert.deepEqual([task.output, task.otherLabels, task.labelSetName], ["sigmoid", [3], "mine"]);
});

Deno.test("parseTask() reads a classification", () => {
  const text = "kind: classification\nname: a\ntitle: b\nmodalities: [t1]\nclasses: [no, yes]\n";
  assert.deepEqual(parseTask(text, "a.yaml"), {
    kind: "classification",
    name: "a",
    title: "b",
    modalities: ["t1"],
    classes: ["no", "yes"],
  });
});

const BASE = "kind: segmentation\nname: a\ntitle: b\nmodalities: [t1]\n";
const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ["no kind", "name: a", /^Cannot use task x\.yaml: expected kind: segmentation or kind: classification, got neither$/],
  [
    "an unknown modality",
    BASE.replace("t1", "t3") + "regions: [{name: r, labels: [1]}]",
    /modalities\.0: expected "fla/,
  ],
  ["a region without labels", BASE + "regions: [{name: r, labels: []}]", /regions\.0\.labels: expected a list/],
  ["a region of background", BASE + "regions: [{name: r, labels: [0]}]", /expected an integer of at least 1/],
  [
    "a misspelt key",
    BASE + "regions: [{name: r, labels: [1]}]\noutputs: softmax",
    /outputs: unknown option, .* output\?/,
  ],
  [
    "overlapping regions with softmax",
    BASE + "output: softmax\nregions: [{name: r, labels: [1]}, {name: s, labels: [1, 2]}]",
    /regions: expected no label value in two regions/,
  ],
  ["a region twice", BASE + "regions: [{name: r, labels: [1]}, {name: r, labels: [2]}]", /expected names once each/],
  [
    "a label set that renames to nothing known",
    BASE + "regions: [{name: r, labels: [1]}]\nlabelSets: [{name: l, rename: {5: 6}}]",
    /labelSets: expected only values of the task \(0, 1\) to rename to/,
  ],
];
for (const [what, text, message] of REFUSED) {
  Deno.test(`parseTask() refuses ${what}`, () => {
    assert.throws(() => parseTask(text, "x.yaml"), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      assert.match(error.message, /^Cannot use .*x\.yaml:/);
      return true;
    });
  });
}
