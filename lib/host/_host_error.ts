/** Errors of the operating system and of Deno's permissions, in one form. */
import { messageOf } from "../errors.ts";

/** A doing and the path it is done to. */
interface Doing {
  readonly verb: "read" | "write" | "list" | "remove";
  readonly path: string;
}

/**
 * Does something to a path; a failure becomes `Cannot VERB PATH: …` with the original as its cause.
 *
 * A missing Deno permission names the flag and the setting that grant it. Other failures keep the system's words.
 */
export async function attempt<T>(doing: Doing, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw new Error(`Cannot ${doing.verb} ${doing.path}: ${reasonFor(error, doing)}`, { cause: error });
  }
}

function reasonFor(error: unknown, { verb, path }: Doing): string {
  if (error instanceof Deno.errors.NotFound) {
    const expected = verb === "write" ? "an existing folder to write in" : "an existing file or folder";
    return `expected ${expected}, got none`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    const kind = messageOf(error).match(/--allow-(\w+)/)?.[1] ?? verb;
    return `expected the Deno permission --allow-${kind}=${path} (or ${kind} in a permission set of deno.json), got none`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "expected access, got permission denied by the operating system";
  }
  return messageOf(error);
}
