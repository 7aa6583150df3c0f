/** `deno task missing-modality`: what a fine-tuned network makes of fewer sequences. */
import { Command, Option } from "commander";
import { BACKEND_CHOICES, parseThreads, statusOf } from "./_command_line.ts";
import type { MissingModalityArguments } from "./_missing_modality.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    const { runMissingModality } = await import("./_missing_modality.ts");
    return await runMissingModality(parsed, (line) => console.log(line));
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): MissingModalityArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  return command.opts<MissingModalityArguments>();
}

function describeCommand(): Command {
  return new Command("missing-modality")
    .description(
      "Scores a fine-tuned network with every choice of its input sequences, the missing ones filled with zeros and " +
        "with the distilled templates. The same command goes on with a study that was interrupted.",
    )
    .requiredOption("--run <folder>", "folder of the fine-tuned run")
    .option("--data <folder>", "folder of scans and labels, or the root of the datalist's paths (default: held out)")
    .option("--datalist <file>", 'list of subjects: {"training":[{"image":[…],"label":…}],"validation":[…]}')
    .addOption(
      new Option("--split <part>", "which subjects of the datalist (default: validation, or all where it has none)")
        .choices(["training", "validation", "all"]),
    )
    .option("--templates <run|file>", "templates to fill with (default: those of the run, or of what it started from)")
    .option("--out <folder>", "folder of the study, under runs/ or data/ (default: runs/missing-modality-TASK-TIME)")
    .addOption(
      new Option("--backend <name>", "where tensors are computed (default: auto)").choices([...BACKEND_CHOICES]),
    )
    .option("--threads <number>", "threads that compute (default: all cores)", parseThreads)
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .exitOverride();
}

const HELP = `
Without --data and --datalist, the subjects that the run itself held out are scored. Every subject needs all sequences
and a label.

Writes:
  cells/*.json           scores of every case for each choice of sequences and filling
  results.json           means with intervals over cases, paired differences, Wilcoxon tests
  missing-modality.svg   the same as bars
  summary.md             the same as a table

Examples:
  deno task missing-modality --run runs/finetuned
  deno task missing-modality --run runs/finetuned --data ~/test-scans --out runs/missing
`;

if (import.meta.main) Deno.exit(await main(Deno.args));
