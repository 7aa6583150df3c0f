/** One form for everything that is wrong with a file. */
import { CheckpointError } from "../errors.ts";

/** Throws `Cannot read FILE: reason`. */
export type Fail = (reason: string, cause?: unknown) => never;

/** The thrower of a file. */
export function failureOf(file: string): Fail {
  return (reason, cause) => {
    throw new CheckpointError(`Cannot read ${file}: ${reason}`, { cause });
  };
}
