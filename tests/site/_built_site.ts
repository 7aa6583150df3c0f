/** Builds of the site as child processes, with results made up for the test. */
import assert from "node:assert/strict";
import type { AblationCell, AblationMetric } from "../../lib/results.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs a task with the permissions that `deno task` gives it. */
export async function runTask(task: string, args: readonly string[], { code = 0 }: { code?: number } = {}): Promise<{
  stdout: string;
  stderr: string;
}> {
  const flags = task === "site:build" ? ["--unstable-bundle"] : [];
  const { code: got, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "-q",
      `-P=${task}`,
      "--lock=deno.dev.lock",
      ...flags,
      `tasks/${task.replaceAll(/[:-]/g, "_")}.ts`,
      ...args,
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp" },
    stdin: "null",
  }).output();
  const texts = { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  assert.equal(got, code, `status of ${task} ${args.join(" ")}\n${texts.stdout}\n${texts.stderr}`);
  return texts;
}

/** Writes a file with its folders. */
export function writeText(path: string, text: string): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(path, text);
}

/** Paths of all files under a folder, relative to it. */
export function filesUnder(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesUnder(`${folder}/${name}`, `${prefix}${name}/`) : [`${prefix}${name}`]
  ).sort();
}

/** A cell whose values are its mean for every subject. */
export function ablationCell(
  { variant = "scratch", seed = 0, dice = 0.5, ...other }: Partial<AblationCell> & { dice?: number } = {},
): AblationCell {
  const metric: AblationMetric = {
    name: "Dice",
    region: "mean",
    unit: null,
    better: "higher",
    mean: dice,
    low: dice,
    high: dice,
    values: [dice - 0.1, dice, dice + 0.1],
  };
  return {
    kind: "ablation",
    scale: "quick",
    variant,
    task: "phantom-tumour",
    seed,
    recipeHash: variant,
    dataHash: "data",
    finetuneHash: "finetune",
    version: "@brainmvp/deno 0.1.0",
    machine: { system: "linux x86_64" },
    date: "2026-01-31",
    subjects: ["a", "b", "c"],
    trainingSubjects: 24,
    updates: 360,
    metrics: [metric],
    pretraining: variant === "scratch" ? null : { updates: 1800, trainingSubjects: 60, pairs: [] },
    ...other,
  };
}

const estimate = (mean: number): Record<string, number> => ({ count: 3, mean, low: mean - 0.1, high: mean + 0.1 });

/** What `deno task label-efficiency` writes. */
export function labelEfficiencyResults(): Record<string, unknown> {
  const start = (mean: number): Record<string, unknown> => ({ ...estimate(mean), seedMeans: [mean] });
  return {
    kind: "label-efficiency",
    task: "toy",
    recipe: "quick",
    weights: "runs/a",
    origin: "built-in phantoms",
    heldOut: 3,
    epochs: 10,
    equal: "updates",
    seeds: [0],
    results: [20, 100].map((fraction) => ({
      region: "WT",
      fraction,
      trainingSubjects: fraction / 10,
      starts: { "pre-trained": start(0.625), "from scratch": start(0.5) },
      difference: estimate(0.125),
      correctedPValue: 0.25,
    })),
  };
}

/** What `deno task missing-modality` writes. */
export function missingModalityResults(): Record<string, unknown> {
  return {
    kind: "missing-modality",
    task: "toy",
    run: "runs/b",
    templates: "runs/a",
    origin: "built-in phantoms",
    results: [
      { region: "WT", present: ["t1", "t2"], zero: estimate(0.75), template: estimate(0.75), comparison: null },
      {
        region: "WT",
        present: ["t1"],
        zero: estimate(0.25),
        template: estimate(0.375),
        comparison: { difference: estimate(0.125), correctedPValue: 0.0625 },
      },
    ],
  };
}

/** What `deno task evaluate` writes of a segmentation. */
export function evaluationSummary(): Record<string, unknown> {
  const region = (name: string, dice: number): Record<string, unknown> => ({
    region: name,
    scores: { dice: estimate(0.9), dice_official: estimate(dice), hd95_mm: { mean: null, low: null, high: null } },
  });
  return {
    kind: "segmentation",
    task: "brats2023-ped",
    cases: 3,
    regions: [region("WT", 0.5), region("mean of regions", 0.625)],
  };
}

/** Writes results of every kind. */
export function writeResults(folder: string): void {
  for (const [variant, dice] of [["scratch", 0.5], ["cmr", 0.5625], ["cmr+md", 0.625], ["cmr+md+cl", 0.75]] as const) {
    writeText(`${folder}/ablation/quick/${variant}.json`, JSON.stringify(ablationCell({ variant, dice })));
  }
  // As the tasks write them: with line breaks.
  writeText(`${folder}/label-efficiency/toy.json`, JSON.stringify(labelEfficiencyResults(), null, 2));
  writeText(`${folder}/missing-modality/toy.json`, JSON.stringify(missingModalityResults(), null, 2));
  writeText(`${folder}/downstream/brats2023-ped.json`, JSON.stringify(evaluationSummary(), null, 2));
}
