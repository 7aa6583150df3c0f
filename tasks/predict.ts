/** `deno task predict`: from a fine-tuned run and scans to a folder of predictions. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { Weighting } from "../lib/inference/mod.ts";
import { BACKEND_CHOICES, parseThreads, statusOf } from "./_command_line.ts";
import type { ImageArgument, PredictArguments } from "./_predicting.ts";

const WEIGHTINGS: readonly Weighting[] = ["constant", "gaussian"];

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed for some or all subjects, 2 wrong arguments, 130 interrupted
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    const { runPrediction } = await import("./_predicting.ts");
    return await runPrediction(parsed, (line) => console.log(line));
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): PredictArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  return command.opts<PredictArguments>();
}

function describeCommand(): Command {
  return new Command("predict")
    .description(
      "Predicts scans with a fine-tuned network, on the grid they came on. Subjects done before are skipped.",
    )
    .requiredOption("--run <folder>", "folder of the fine-tuned run")
    .option("--data <folder>", "folder of scans (one subject per folder), or the root of the datalist's paths")
    .option("--datalist <file>", 'list of subjects: {"training":[{"image":[…]}],"validation":[…]}')
    .addOption(
      new Option("--image <modality=file...>", "the scans of one subject").argParser(collectImages).default([], "none"),
    )
    .addOption(
      new Option("--split <part>", "which subjects of the datalist (default: validation, or all where it has none)")
        .choices(["training", "validation", "all"]),
    )
    .option("--out <folder>", "folder to write to, under runs/ or data/ (default: runs/predict-TIME)")
    .option("--overlap <share>", "share of a window that its neighbour covers too", parseOverlap, 0.5)
    .addOption(
      new Option("--weighting <kind>", "how a window's voxels count where windows overlap").choices([...WEIGHTINGS])
        .default("constant"),
    )
    .option("--tta", "average over the eight mirror images of every window: eight times the time")
    .option("--skip-empty", "leave windows without a voxel above 0 out: they are background")
    .option("--probabilities", "also write SUBJECT_prob.nii.gz, one volume per region")
    .addOption(
      new Option("--fill <kind>", "what stands in for a missing modality (default: it is an error)")
        .choices(["template", "zero"]),
    )
    .addOption(
      new Option("--backend <name>", "where tensors are computed (default: auto)").choices([...BACKEND_CHOICES]),
    )
    .option("--threads <number>", "threads that compute (default: all cores)", parseThreads)
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .exitOverride();
}

const HELP = `
Without --data, --datalist and --image, the subjects that the run itself held out are predicted.

Writes:
  SUBJECT.nii.gz       label map with the task's label values, on the grid of the scans
  SUBJECT_prob.nii.gz  with --probabilities: probabilities, one volume per region in the order of the task
  predictions.json     task and subjects; deno task evaluate reads it
  predictions.csv      of a classification: the probability of every class
  run.json             what was asked for, and where it was computed

Examples:
  deno task predict --run runs/finetune-phantom-tumour
  deno task predict --run runs/brats --data ~/scans --out runs/brats-predicted --weighting gaussian
  deno task predict --run runs/brats --image t1=a/t1.nii.gz t1c=a/t1ce.nii.gz t2=a/t2.nii.gz --fill template
`;

/** The command line gives no modality twice; whether a name is one is known later. */
function collectImages(text: string, before: readonly ImageArgument[]): ImageArgument[] {
  const [, modality, file] = text.match(/^([^=]+)=(.+)$/s) ?? [];
  if (file === undefined) throw new InvalidArgumentError(`Expected modality=file as in t1=scan.nii.gz, got "${text}".`);
  return [...before, { modality, file }];
}

function parseOverlap(text: string): number {
  const overlap = text.trim() === "" ? NaN : Number(text);
  if (!(overlap >= 0 && overlap < 1)) {
    throw new InvalidArgumentError("Expected a number from 0 up to, not including, 1.");
  }
  return overlap;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
