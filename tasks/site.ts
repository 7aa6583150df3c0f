/** `deno task site`: builds the site and serves it to this machine. */
import { Command, InvalidArgumentError } from "commander";
import { statusOf } from "./_command_line.ts";
import { buildSite, type SiteArguments } from "./_site_building.ts";
import { serveFolder } from "./_site_server.ts";
import { siteOptions } from "./site_build.ts";

/** The command line. */
interface ServeArguments extends SiteArguments {
  readonly port: number;
}

/**
 * Runs the task; a server that has started goes on until it is interrupted.
 *
 * @returns the exit status: 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseArguments(args);
    await buildSite(options, (line) => console.log(line));
    const server = serveFolder(options.out, options);
    console.log(`http://localhost:${server.addr.port}${options.base} (Ctrl-C stops)`);
    await server.finished;
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

function parseArguments(args: readonly string[]): ServeArguments {
  const command = siteOptions(new Command("site").description("Builds the site and serves it; rebuilds on changes."))
    .option("--port <number>", "port to listen on", parsePort, 8000);
  command.parse([...args], { from: "user" });
  return command.opts<ServeArguments>();
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new InvalidArgumentError(`Expected a port of 0 to 65535, got "${text}".`);
  }
  return port;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
