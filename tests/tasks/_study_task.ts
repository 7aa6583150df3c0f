/** Studies as child processes, with the permissions and flags of their tasks. */
import assert from "node:assert/strict";
import { COMPUTE_FLAGS } from "../../tasks/test.ts";

const ROOT = new URL("../../", import.meta.url);

/** How a child process ended. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a study on a backend that every machine has; fails unless it exits with the status expected.
 *
 * @param options.interruptAt Ctrl-C comes when this text is on standard error
 */
export async function runStudy(
  task: "label-efficiency" | "missing-modality" | "ablate",
  args: readonly string[],
  { code = 0, interruptAt }: { code?: number; interruptAt?: string } = {},
): Promise<Outcome> {
  const script = `tasks/${task.replace("-", "_")}.ts`;
  const child = new Deno.Command("deno", {
    args: ["run", "-q", `-P=${task}`, COMPUTE_FLAGS, script, ...args, "--backend", "simd"],
    cwd: ROOT,
    env: { NO_COLOR: "1", COLUMNS: "120" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reading = new Response(child.stdout).text();
  let stderr = "";
  let isInterrupted = false;
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (interruptAt !== undefined && !isInterrupted && stderr.includes(interruptAt)) {
      isInterrupted = true;
      child.kill("SIGINT");
    }
  }
  const [status, stdout] = [await child.status, await reading];
  assert.equal(status.code, code, `status of ${args.join(" ")}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

/** The cells of a study by the names of their files. */
export function readCells(folder: string): Map<string, { cases: unknown; training?: unknown }> {
  const names = [...Deno.readDirSync(`${folder}/cells`)].map(({ name }) => name).sort();
  return new Map(names.map((name) => [name, readJson(`${folder}/cells/${name}`) as { cases: unknown }]));
}

/** Reads a file of JSON. */
export function readJson(file: string): unknown {
  return JSON.parse(Deno.readTextFileSync(file));
}

/** The commands of a task that README.md shows, as arguments. */
export function readmeCommands(task: string): string[][] {
  const readme = Deno.readTextFileSync(new URL("README.md", ROOT));
  return [...readme.matchAll(new RegExp(`^deno task ${task} (.*?)(?: +#.*)?$`, "gm"))].map(([, args]) =>
    args.split(/ +/)
  );
}
