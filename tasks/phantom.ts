/** `deno task phantom`: writes a cohort of phantoms with its datalist. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { ensurePhantomCohort, PHANTOM_DATALIST, type PhantomPlan } from "../lib/dataset/phantom/mod.ts";
import { messageOf } from "../lib/errors.ts";
import { openCohortFolder } from "./_cohort_folder.ts";

/** Where the task prints. */
export interface PhantomOutput {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** Whether a line can be overwritten with `\r`. */
  readonly isTerminal: boolean;
}

interface Arguments {
  readonly subjects: number;
  readonly size: number;
  readonly seed: number;
  readonly out: string;
}

/**
 * Runs the task.
 *
 * @returns the exit status: 0 when the cohort is there, 1 when it could not be written, 2 when the arguments are wrong
 */
export async function runPhantom(args: readonly string[], output: PhantomOutput): Promise<number> {
  const command = describeCommand(output);
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  try {
    await writeCohort(command.opts<Arguments>(), output);
    return 0;
  } catch (error) {
    output.error(`${messageOf(error)}\n`);
    return 1;
  }
}

function describeCommand({ out, error }: PhantomOutput): Command {
  return new Command("phantom")
    .description(
      "Writes procedural brain MRI that stands in for a pre-training cohort: BraTS-like (flair t1 t1c t2, tumour), " +
        "UCSF-like (+ dwi adc, tumour or stroke) and IXI-like (t1 t2 pd mra, healthy) subjects, some with modalities " +
        "missing. A cohort that is already there is left as it is; an interrupted one is completed.",
    )
    .requiredOption("--out <folder>", "folder to write to: new, empty, or holding the same cohort")
    .option("--subjects <n>", "number of subjects", integer({ low: 1, high: 100_000 }), 24)
    .option("--size <n>", "voxels per edge; the cube is 192 mm wide", integer({ low: 16, high: 512 }), 64)
    .option("--seed <n>", "the same seed gives the same cohort", integer({ low: 0, high: 2 ** 32 }), 0)
    .addHelpText("after", "\nExample:\n  deno task phantom --subjects 24 --size 64 --seed 0 --out data/phantom\n")
    .allowExcessArguments(false)
    .configureOutput({ writeOut: out, writeErr: error, getOutHasColors: () => false, getErrHasColors: () => false })
    .exitOverride();
}

/** A parser of integers in [low, high] for commander. */
function integer({ low, high }: { low: number; high: number }): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Expected an integer from ${low} to ${high}, got "${text}"`);
  };
}

async function writeCohort({ out: folder, ...cohort }: Arguments, output: PhantomOutput): Promise<void> {
  let line = "";
  const { plans, generated } = await ensurePhantomCohort({
    ...cohort,
    onSubject: ({ done, total, id }) => {
      line = `${done}/${total} ${id}`;
      if (output.isTerminal) output.out(`\r${line}`);
      else if (done % Math.ceil(total / 10) === 0) output.out(`${line}\n`);
    },
  }, openCohortFolder(folder));
  if (output.isTerminal && line !== "") output.out(`\r${" ".repeat(line.length)}\r`);
  const verdict = generated === 0 ? "already there, nothing written" : `${generated} generated`;
  output.out(`${summarize(plans)}: ${verdict}\n${openCohortFolder(folder).name}/${PHANTOM_DATALIST}\n`);
}

/** `24 subjects (12 brats, 6 ucsf, 6 ixi; 4 for validation)` */
function summarize(plans: readonly PhantomPlan[]): string {
  const sources = Map.groupBy(plans, ({ source }) => source);
  const counts = [...sources].map(([source, members]) => `${members.length} ${source}`).sort().join(", ");
  const validation = plans.filter(({ split }) => split === "validation").length;
  return `${plans.length} subject${plans.length === 1 ? "" : "s"} (${counts}; ${validation} for validation)`;
}

if (import.meta.main) {
  const print = (stream: { writeSync(bytes: Uint8Array): number }) => (text: string): void => {
    stream.writeSync(new TextEncoder().encode(text));
  };
  Deno.exitCode = await runPhantom(Deno.args, {
    out: print(Deno.stdout),
    error: print(Deno.stderr),
    isTerminal: Deno.stdout.isTerminal(),
  });
}
