/** `deno task label-efficiency`: what pre-training is worth with few labels. */
import { Command, InvalidArgumentError, Option } from "commander";
import { BACKEND_CHOICES, parseSeeds, parseThreads, statusOf } from "./_command_line.ts";
import type { Equal, LabelEfficiencyArguments } from "./_label_efficiency.ts";

const EQUALS: readonly Equal[] = ["updates", "epochs"];

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted and saved
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    const { runLabelEfficiency } = await import("./_label_efficiency.ts");
    return await runLabelEfficiency(parsed, (line) => console.log(line));
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): LabelEfficiencyArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  const options = command.opts<Omit<LabelEfficiencyArguments, "recipe" | "assignments">>();
  const [first, ...rest] = command.args;
  if (first === undefined || first.includes("=")) return { ...options, assignments: command.args };
  return { ...options, recipe: first, assignments: rest };
}

function describeCommand(): Command {
  return new Command("label-efficiency")
    .description(
      "Fine-tunes pre-trained weights and random ones with shares of the labels, and compares them on the same " +
        "held-out subjects. The same command goes on with a study that was interrupted.",
    )
    .argument("[recipe]", "a recipe of deno task finetune (default: quick)")
    .argument("[options...]", "options of the recipe to change, as key.path=value")
    .option("--task <name|file>", "segmentation task, as for deno task finetune (default: phantom-tumour)")
    .option("--fractions <percent,...>", "shares of the training subjects", parseFractions, [20, 40, 60, 80, 100])
    .option("--seeds <number,...>", "repetitions", parseSeeds, [0, 1, 2])
    .addOption(
      new Option("--equal <what>", "what shares of the labels have in common").choices([...EQUALS]).default("updates"),
    )
    .option("--weights <run|file>", "pre-trained weights (default: the newest finished run of the recipe under runs/)")
    .option("--data <folder>", "folder of scans and labels, or the root of the datalist's paths (default: phantoms)")
    .option("--datalist <file>", 'list of subjects: {"training":[{"image":[…],"label":…}],"validation":[…]}')
    .option("--config <file>", "YAML file of options to change; key.path=value wins over it")
    .option("--out <folder>", "folder of the study, under runs/ or data/ (default: runs/label-efficiency-TASK-TIME)")
    .addOption(
      new Option("--backend <name>", "where tensors are computed (default: auto)").choices([...BACKEND_CHOICES]),
    )
    .option("--threads <number>", "threads that compute (default: all cores)", parseThreads)
    .addHelpText("after", HELP)
    .exitOverride();
}

const HELP = `
Both starts learn from the same subjects; a smaller share is a part of every larger one. The weights of the last epoch
are scored: no held-out subject chooses them.

Writes:
  cells/*.json           scores of every case for each share, seed and start
  finetuned/             the fine-tuned runs, for deno task predict and deno task missing-modality
  results.json           means over seeds with intervals over cases, paired differences, Wilcoxon tests
  label-efficiency.svg   the same as curves
  summary.md             the same as a table

Examples:
  deno task label-efficiency
  deno task label-efficiency --fractions 20,100 --seeds 0,1,2 --weights runs/quick-20260101-120000 --out runs/labels
  deno task label-efficiency official --task brats2023-ped --data ~/scans --weights BrainMVP_uniformer.pt run.epochs=100
`;

function parseFractions(text: string): number[] {
  const fractions = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (!fractions.every((fraction) => fraction > 0 && fraction <= 100)) {
    throw new InvalidArgumentError(`Expected numbers above 0 up to 100, as in 20,100, got "${text}".`);
  }
  return [...new Set(fractions)].sort((a, b) => a - b);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
