/** PyTorch, where this machine has it. */

/** True when the program exits with 0. */
export async function runs(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const options: Deno.CommandOptions = { args: [...args], stdin: "null", stdout: "null", stderr: "inherit" };
    return (await new Deno.Command(program, options).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The Python that has torch; undefined when there is none. */
export async function findPython(): Promise<string | undefined> {
  const check = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";
  for (const program of ["python3", "/usr/bin/python3"]) {
    if (await runs(program, ["-c", check])) return program;
  }
  return undefined;
}
