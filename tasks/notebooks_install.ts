/** `deno task notebooks:install`: tells Jupyter of a Deno kernel that computes at full speed. */
import { statusOf } from "./_command_line.ts";
import { makeFolder, writeFileAtomic } from "../lib/host/mod.ts";
import { COMPUTE_FLAGS } from "./test.ts";

/** The name that the notebooks ask for. */
export const KERNEL_NAME = "brainmvp-deno";

/** Where Jupyter looks for kernels of a user. */
export function jupyterFolder(os: typeof Deno.build.os, env: (name: string) => string | undefined): string {
  const own = env("JUPYTER_DATA_DIR");
  if (own !== undefined && own !== "") return own;
  if (os === "windows") return `${env("APPDATA")}/jupyter`;
  if (os === "darwin") return `${env("HOME")}/Library/Jupyter`;
  return `${env("XDG_DATA_HOME") || `${env("HOME")}/.local/share`}/jupyter`;
}

/** What `kernel.json` says: Deno's own kernel with the two flags of V8. */
export function kernelSpec(deno: string): Record<string, unknown> {
  return {
    argv: [deno, "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "BrainMVP (Deno)",
    language: "typescript",
    env: { DENO_V8_FLAGS: COMPUTE_FLAGS.replace("--v8-flags=", "") },
  };
}

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed
 */
export async function main(): Promise<number> {
  try {
    const folder = `${jupyterFolder(Deno.build.os, (name) => Deno.env.get(name))}/kernels/${KERNEL_NAME}`;
    await makeFolder(folder);
    await writeFileAtomic(`${folder}/kernel.json`, JSON.stringify(kernelSpec(Deno.execPath()), null, 2) + "\n");
    console.log(`wrote ${folder}/kernel.json; start Jupyter and choose the kernel "BrainMVP (Deno)"`);
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

if (import.meta.main) Deno.exit(await main());
