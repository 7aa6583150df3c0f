/** `deno task ablate`: what every loss of pre-training is worth downstream, as in the paper's ablation. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { AblationArguments, Scale } from "./_ablation_plan.ts";
import { BACKEND_CHOICES, parseSeeds, parseThreads, statusOf } from "./_command_line.ts";

const SCALES: readonly Scale[] = ["quick", "full"];

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted and saved
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    const { runAblation } = await import("./_ablation.ts");
    return await runAblation(parsed, (line) => console.log(line));
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): AblationArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  return { ...command.opts<Omit<AblationArguments, "assignments">>(), assignments: command.args };
}

function describeCommand(): Command {
  return new Command("ablate")
    .description(
      "Pre-trains with cross-modal reconstruction (CMR), with modal data distillation too (MD), and with contrastive " +
        "learning too (CL), fine-tunes each and random weights on downstream tasks, and compares them on the same " +
        "held-out subjects. The same command goes on where it was interrupted; cells that are done stay.",
    )
    .argument("[options...]", "options to change: pretrain.KEY=VALUE, finetune.KEY=VALUE")
    .addOption(
      new Option("--scale <name>", "quick: recipes quick; full: recipes paper and official").choices([...SCALES])
        .default("quick"),
    )
    .option("--seeds <number,...>", "repetitions", parseSeeds, [1, 2, 3])
    .option("--tasks <name|file,...>", "downstream tasks, as for deno task finetune", parseNames, ["phantom-tumour"])
    .option("--cell <variant:task:seed>", "only this cell, in place of --seeds and --tasks")
    .option("--shard <i/n>", "only the i-th of n parts, which may run at once")
    .option("--data <folder>", "scans to pre-train on, or the root of the datalist's paths (quick: phantoms)")
    .option("--datalist <file>", "list of subjects to pre-train on")
    .option("--layout <names>", "how the folder of --data is built, as for deno task pretrain")
    .option("--task-data <name=folder>", "scans and labels of a task; once per task", collect, {})
    .option("--task-datalist <name=file>", "labelled subjects of a task", collect, {})
    .option("--task-classes <name=file>", "classes of a task's subjects", collect, {})
    .option("--out <folder>", "folder of the results, under results/, runs/ or data/ (default: results/ablation)")
    .option("--runs <folder>", "folder of the runs, under runs/ or data/ (default: runs/ablation)")
    .option("--machine <text>", "what results call this machine (default: system and number of processors)")
    .addOption(
      new Option("--backend <name>", "where tensors are computed (default: auto)").choices([...BACKEND_CHOICES]),
    )
    .option("--threads <number>", "threads that compute (default: all cores)", parseThreads)
    .addHelpText("after", HELP)
    .exitOverride();
}

const HELP = `
Variants: scratch, cmr, cmr+md, cmr+md+cl. All cells of one seed run before those of the next. Cells of several tasks
share a pre-training.

Writes:
  results/ablation/SCALE/VARIANT-TASK-seedN.json   scores of every held-out subject, and what they were computed with
  results/ablation/SCALE/table.md                  means over seeds, intervals over subjects, paired differences
  runs/ablation/SCALE/                             the runs, for deno task predict, export and the other studies

On a cluster, as a Slurm array of 12 jobs (sbatch --array=1-12); afterwards once without --shard for the whole table:
  deno task ablate --shard $SLURM_ARRAY_TASK_ID/12 --runs runs/ablation

Examples:
  deno task ablate
  deno task ablate --seeds 1,2,3 --tasks phantom-tumour,phantom-class
  deno task ablate --cell cmr+md:phantom-tumour:2
  deno task ablate --scale full --data ~/scans --tasks brats2023-ped --task-data brats2023-ped=~/BraTS2023-PED
`;

function parseNames(text: string): string[] {
  const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (names.length === 0) {
    throw new InvalidArgumentError(`Expected names of tasks, as in phantom-tumour, got "${text}".`);
  }
  return names;
}

function collect(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = text.match(/^([^=]+)=(.+)$/) ?? [];
  if (name === undefined) throw new InvalidArgumentError(`Expected TASK=PATH, got "${text}".`);
  return { ...before, [name]: value };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
