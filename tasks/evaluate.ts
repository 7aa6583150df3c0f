/** `deno task evaluate`: predictions against references, in tables for people and programs. */
import { Command, InvalidArgumentError, Option } from "commander";
import { type Neighbourhood, NEIGHBOURHOODS } from "../lib/metrics/mod.ts";
import { statusOf } from "./_command_line.ts";
import { evaluate, type EvaluateArguments } from "./_evaluating.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await evaluate(parseArguments(args), (line) => console.log(line));
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): EvaluateArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  return command.opts<EvaluateArguments>();
}

function describeCommand(): Command {
  return new Command("evaluate")
    .description("Compares predictions with references: segmentations by region, classifications by class.")
    .requiredOption("--predictions <folder>", "folder with predictions.json and label maps, or predictions.csv")
    .addOption(
      new Option("--data <folder>", "scans with their labels, one folder per subject").conflicts("labels"),
    )
    .option("--labels <place>", "folder of reference labels named after the subjects; for classes a CSV file")
    .option("--task <task>", "name of a task, or its YAML or JSON file, where predictions.json does not say")
    .option("--label-set <name>", "how all references number their labels (default: each as its values say)")
    .option("--tolerance-mm <mm,...>", "tolerances of the surface Dice", parseTolerances, [1, 2])
    .option("--neighbourhood <6|18|26>", "which voxels belong to one lesion", parseNeighbourhood, 26)
    .option("--seed <number>", "seed of the bootstrap intervals", parseSeed, 0)
    .option("--out <folder>", "folder to write to, under runs/ or data/ (default: that of the predictions)")
    .option("--compare <folder>", "another evaluation of the same cases: its folder or its metrics.csv")
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .exitOverride();
}

const HELP = `
Writes:
  metrics.csv    every score of every case and region; empty where one is undefined, inf for a distance to nothing
  summary.json   means, SD, medians, bootstrap intervals, and how many cases each is of
  summary.md     the same as tables, with the conventions and how empty regions are counted

Examples:
  deno task evaluate --predictions runs/predictions
  deno task evaluate --predictions runs/predictions --labels ~/labels --tolerance-mm 1,2,5
  deno task evaluate --predictions runs/pretrained --compare runs/scratch
`;

function parseTolerances(text: string): number[] {
  const tolerances = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (!tolerances.every((tolerance) => tolerance >= 0 && tolerance < Infinity)) {
    throw new InvalidArgumentError(`Expected numbers of mm as in 1,2, got "${text}".`);
  }
  return [...new Set(tolerances)];
}

function parseNeighbourhood(text: string): Neighbourhood {
  const found = NEIGHBOURHOODS.find((neighbourhood) => String(neighbourhood) === text);
  if (found === undefined) throw new InvalidArgumentError(`Expected ${NEIGHBOURHOODS.join(", ")}, got "${text}".`);
  return found;
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError(`Expected a whole number, got "${text}".`);
  }
  return seed;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
