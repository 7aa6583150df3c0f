/** Errors across threads: structured cloning forgets our classes, so they travel as plain values and are made anew. */
import { DatalistError, messageOf, VolumeError } from "../errors.ts";

/** An error as it is posted. */
export interface PostedError {
  readonly name: string;
  readonly message: string;
  /** Of a {@link VolumeError}. */
  readonly file?: string;
}

const CLASSES: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [RangeError, TypeError, SyntaxError, DatalistError].map((errorClass) => [errorClass.name, errorClass]),
);

/** The plain value that {@link receiveError} makes the error from again. */
export function postError(error: unknown): PostedError {
  const name = error instanceof Error ? error.name : "Error";
  return { name, message: messageOf(error), ...(error instanceof VolumeError ? { file: error.file } : {}) };
}

/** The error with its class, name and message; an unknown class becomes an Error of that name. */
export function receiveError({ name, message, file }: PostedError): Error {
  if (file !== undefined) return new VolumeError(file, message.replace(`Cannot read ${file}: `, () => ""));
  const errorClass = CLASSES.get(name);
  if (errorClass !== undefined) return new errorClass(message);
  return Object.assign(new Error(message), { name });
}
