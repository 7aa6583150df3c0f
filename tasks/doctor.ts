/** `deno task doctor`: what this installation is, how fast it is, and whether it computes right; for every bug report. */
import { messageOf } from "../lib/errors.ts";
import { Command, CommanderError, Option } from "commander";
import { BACKEND_CHOICES, parseThreads } from "./_command_line.ts";
import type { DoctorArguments, DoctorParts } from "./_doctor.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 all is well, 1 a check failed, 2 wrong arguments
 */
export async function main(args: readonly string[], parts: DoctorParts): Promise<number> {
  try {
    const options = parseArguments(args);
    // Tensors take a moment to load; --help does not need them.
    const { runDoctor } = await import("./_doctor.ts");
    return await runDoctor(options, parts);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(messageOf(error));
    return 1;
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): DoctorArguments {
  return describeCommand().parse([...args], { from: "user" }).opts<DoctorArguments>();
}

function describeCommand(): Command {
  return new Command("doctor")
    .description(
      "Describes this installation and tests it: versions, machine, backend, V8 flags, permissions, folders and speed; " +
        "then every operation beside its reference, forward and backward, a little training and a file. Paste it all " +
        "into a bug report.",
    )
    .option("--quick", "describe only, without the self-test")
    .option("--json", "the same for machines")
    .addOption(new Option("--backend <name>", "backend that is tested").choices([...BACKEND_CHOICES]).default("auto"))
    .option("--threads <number>", "threads that compute (default: all cores)", parseThreads)
    .addHelpText("after", "\nExit status: 0 all is well, 1 a check failed, 2 wrong arguments.\n")
    .allowExcessArguments(false)
    .exitOverride();
}

if (import.meta.main) Deno.exit(await main(Deno.args, { print: console.log }));
