/** `deno task finetune`: from pre-trained weights and labelled scans to a fine-tuned run. */
import { Command, InvalidArgumentError, Option } from "commander";
import { describeConfig } from "../lib/config.ts";
import { FINETUNE_RECIPES, finetuneSchema } from "../recipes/finetune/mod.ts";
import { CUSTOM_TASK_FILE, TASKS } from "../recipes/tasks/mod.ts";
import { BACKEND_CHOICES, parseThreads, statusOf } from "./_command_line.ts";
import type { FinetuneArguments } from "./_finetune_plan.ts";
import { refuseRanks } from "./_ranks.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted and saved
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    refuseRanks("fine-tune");
    // Tensors are large; loading them only here keeps the help quick.
    const { runFinetuning } = await import("./_finetuning.ts");
    return await runFinetuning(parsed);
  } catch (error) {
    return statusOf(error);
  }
}

/**
 * Reads the command line.
 *
 * @throws {ConfigError} when options exclude one another
 */
export function parseArguments(args: readonly string[]): FinetuneArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  const options = command.opts<Omit<FinetuneArguments, "recipe" | "assignments">>();
  const [first, ...rest] = command.args;
  // The recipe may be left out: `deno task finetune run.epochs=5`.
  if (first === undefined || first.includes("=")) return { ...options, recipe: undefined, assignments: command.args };
  return { ...options, recipe: first, assignments: rest };
}

function describeCommand(): Command {
  return new Command("finetune")
    .description(
      "Adapts a pre-trained encoder to a labelled task. Without arguments it compares the newest quick pre-training run " +
        "under runs/ with a start from scratch, on built-in phantoms.",
    )
    .argument("[recipe]", "one of the recipes below (default: quick)")
    .argument("[options...]", "options of the recipe to change, as key.path=value")
    .option("--task <name|file>", "one of the tasks below, or a YAML file (default: phantom-tumour)")
    .option(
      "--data <folder>",
      "folder of scans and labels (one subject per folder), or the root of the datalist's paths",
    )
    .option("--datalist <file>", 'list of subjects: {"training":[{"image":[…],"label":…}],"validation":[…]}')
    .option("--classes <file>", "classification: CSV with the columns subject and class")
    .addOption(
      new Option(
        "--weights <run|file>",
        "start from the newest checkpoint of a run, or from .pt, .pth, .ckpt or .safetensors",
      ).conflicts("scratch"),
    )
    .option("--scratch", "start from random weights")
    .option("--label-fraction <share>", "share of the training subjects to learn from, such as 0.2", parseShare)
    .option("--config <file>", "YAML file of options to change; key.path=value wins over it")
    .option("--out <folder>", "folder of the run (default: runs/finetune-TASK-TIME)")
    .option("--resume <folder>", "go on with an interrupted run, with the options and data it was started with")
    .addOption(
      new Option("--backend <name>", "where tensors are computed (default: auto)").choices([...BACKEND_CHOICES]),
    )
    .option("--threads <number>", "threads that compute (default: all cores)", parseThreads)
    .option("--quick-check", "the quick recipe cut down to well under a minute, to see that everything works")
    .addHelpText("after", helpText())
    .exitOverride();
}

function parseShare(text: string): number {
  const share = Number(text);
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError("Expected a number above 0 and at most 1.");
  return share;
}

function helpText(): string {
  const recipes = Object.entries(FINETUNE_RECIPES).map(([name, { summary }]) => `  ${name.padEnd(16)}${summary}`);
  const tasks = Object.values(TASKS).map(({ name, title, modalities }) => {
    return `  ${name.padEnd(16)}${title} (${modalities.join(", ")})`;
  });
  const options = describeConfig(finetuneSchema).map(({ path, allowed, default: value, description }) => {
    return `  ${path.padEnd(32)}${description}\n${" ".repeat(34)}${allowed}; default ${value}`;
  });
  return [
    "",
    "Recipes:",
    ...recipes,
    "",
    "Tasks:",
    ...tasks,
    `  my-task.yaml    one of your own: copy ${CUSTOM_TASK_FILE}`,
    "",
    "Options of a recipe (defaults are the official code's):",
    ...options,
    "",
    "Examples:",
    "  deno task finetune",
    "  deno task finetune preview --task upenn-gbm --data ~/scans --weights runs/preview-20260101-120000",
    "  deno task finetune official --task brats2023-ped --data ~/scans --weights BrainMVP_uniformer.pt",
    "  deno task finetune unet3d --task brats2023-ped --data ~/scans --weights BrainMVP_unet.pt",
    "  deno task finetune quick model=unet3d-tiny",
    "  deno task finetune --task my-task.yaml --data ~/scans --scratch --label-fraction 0.2",
    "  deno task finetune --task phantom-class --scratch head.kind=linear head.freezeEncoder=true",
    "  deno task finetune --resume runs/finetune-upenn-gbm-20260101-120000",
    "",
  ].join("\n");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
