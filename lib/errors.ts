/** The few error classes that callers catch, and helpers that keep messages in one form. */

/** A scan or one of its companions cannot be used: the file is broken, or its content is outside what is supported. */
export class VolumeError extends Error {
  override name = "VolumeError";
  /** Path of the offending file. */
  readonly file: string;

  /** Builds "Cannot read FILE: reason". */
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`Cannot read ${file}: ${reason}`, options);
    this.file = file;
  }
}

/** The list of subjects contradicts itself or the files it names. */
export class DatalistError extends Error {
  override name = "DatalistError";
}

/** A recipe field or a command-line override is not what is allowed. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** A checkpoint is damaged, incomplete, or belongs to another recipe or model. */
export class CheckpointError extends Error {
  override name = "CheckpointError";
}

/** The backend asked for is not to be had on this machine. */
export class BackendUnavailableError extends Error {
  override name = "BackendUnavailableError";
}

/** Formats a shape the way every message prints it: `[2, 96, 96, 96, 1]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
