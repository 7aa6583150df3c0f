/** `deno task prepare`: preprocessing once per subject instead of once per epoch. */
import { Command, InvalidArgumentError, Option } from "commander";
import { STORAGE_TYPES, type StorageType } from "../lib/dataset/mod.ts";
import { statusOf } from "./_command_line.ts";
import { runPreparation } from "./_preparing.ts";
import { runVerification } from "./_prepared_verification.ts";

/** The command line. */
export interface PrepareArguments {
  readonly recipe?: string;
  readonly assignments: readonly string[];
  readonly task?: string;
  readonly data?: string;
  readonly datalist?: string;
  readonly layout?: string;
  readonly config?: string;
  readonly out?: string;
  readonly storage: StorageType;
  readonly workers?: number;
  readonly shard: Shard;
  readonly verify?: boolean;
  readonly repair?: boolean;
}

/** The part of the subjects that a process prepares: those at every `count`th place from `index` on. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    return parsed.verify || parsed.repair ? await runVerification(parsed) : await runPreparation(parsed);
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): PrepareArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  const options = command.opts<Omit<PrepareArguments, "recipe" | "assignments">>();
  const [first, ...rest] = command.args;
  if (first === undefined || first.includes("=")) return { ...options, recipe: undefined, assignments: command.args };
  return { ...options, recipe: first, assignments: rest };
}

function describeCommand(): Command {
  return new Command("prepare")
    .description(
      "Prepares scans once, so that training reads crops of them without preprocessing: a Zarr v3 folder that " +
        "`deno task pretrain --data` takes in the place of the scans. Stopped or killed, it goes on where it was when " +
        "the same command is given again.",
    )
    .argument("[recipe]", "recipe whose preprocessing is done (default: paper; with --task: official)")
    .argument("[options...]", "options of the recipe to change, as preprocess.NAME=value")
    .option("--data <folder>", "folder of scans, or the root of the datalist's paths")
    .option("--datalist <file>", "list of subjects in the official form")
    .option("--layout <names>", "how the folder is built: auto, plain, or data sets by name (default: auto)")
    .option("--task <name>", "prepare for fine-tuning on this task, with labels, instead of for pre-training")
    .option("--config <file>", "YAML file of options to change")
    .option("--out <folder>", "folder to write (default: data/prepared/NAME of the data)")
    .addOption(
      new Option("--storage <type>", "type of stored intensities; float32 keeps every bit").choices([...STORAGE_TYPES])
        .default("float16"),
    )
    .option("--workers <number>", "threads, each with one subject and up to 1 GB (default: all cores)", parseCount)
    .addOption(
      new Option("--shard <i/n>", "prepare every n-th subject from the i-th on (0 ≤ i < n): n processes share a folder")
        .argParser(parseShard).default({ index: 0, count: 1 }, "0/1"),
    )
    .option("--verify", "compare every file of --out with its hash instead")
    .option("--repair", "the same, and take damaged subjects out, so that they are prepared again")
    .addHelpText("after", helpText())
    .exitOverride();
}

function helpText(): string {
  return [
    "",
    "Scans that cannot be used are put in quarantine with the reason and do not stop the others; they are tried again",
    "whenever the command is given again.",
    "",
    "Examples:",
    "  deno task prepare --data ~/BraTS2021",
    "  deno task prepare preview --datalist ~/lists/all.json --data ~/scans --out data/prepared/all-4mm",
    "  deno task prepare --data ~/scans --shard 3/16                     # the fourth of sixteen processes",
    "  deno task prepare --task brats2023-ped --data ~/BraTS-PED         # for deno task finetune",
    "  deno task prepare --verify --out data/prepared/BraTS2021",
    "  deno task pretrain paper --data data/prepared/BraTS2021",
    "",
  ].join("\n");
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError("Expected a whole number from 1.");
  return count;
}

function parseShard(text: string): Shard {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (!(index < count)) throw new InvalidArgumentError('Expected i/n with 0 ≤ i < n, such as "0/4".');
  return { index, count };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
