/** `deno task site:build`: the results as static pages. */
import { Command, InvalidArgumentError } from "commander";
import { statusOf } from "./_command_line.ts";
import { RESULTS } from "./_site_data.ts";
import { buildSite, type SiteArguments } from "./_site_building.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await buildSite(parseArguments(args), (line) => console.log(line));
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): SiteArguments {
  const command = siteOptions(
    new Command("site:build").description("Builds the site of results: plain files for any static host."),
  );
  command.parse([...args], { from: "user" });
  return command.opts<SiteArguments>();
}

/** The options that building and serving share. */
export function siteOptions(command: Command): Command {
  return command
    .option("--out <folder>", "folder to write to, under site/_site or runs/", "site/_site")
    .option(
      "--base <path>",
      "path that the site is published under; only the page of errors depends on it",
      parseBase,
      "/",
    )
    .option("--runs <folders...>", "folders of runs, or folders that hold some", [])
    .option("--models <folders...>", "folders of models that deno task export wrote", [])
    .option("--results <folder>", "folder of result files", RESULTS)
    .allowExcessArguments(false)
    .exitOverride();
}

function parseBase(text: string): string {
  const base = `/${text}/`.replaceAll(/\/+/g, "/");
  if (!/^[\w./~-]*$/.test(base)) throw new InvalidArgumentError(`Expected a path as in /brainmvp/, got "${text}".`);
  return base;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
