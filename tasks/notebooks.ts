/** `deno task notebooks`: runs the notebooks from top to bottom and writes what they show into them. */
import { Command } from "commander";
import { statusOf } from "./_command_line.ts";
import type { NotebooksArguments } from "./_running_notebooks.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    const { runNotebooks } = await import("./_running_notebooks.ts");
    return await runNotebooks(parsed, (line) => console.log(line));
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): NotebooksArguments {
  const command = new Command("notebooks")
    .description("Runs notebooks in Deno's Jupyter kernel, without Jupyter, and writes their outputs into them.")
    .argument("[names...]", "files, or beginnings of names such as 01 (default: all of notebooks/)")
    .option("--check", "write nothing; fail where a cell shows other kinds of output than the file")
    .exitOverride();
  command.parse([...args], { from: "user" });
  return { ...command.opts<Pick<NotebooksArguments, "check">>(), names: command.args };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
