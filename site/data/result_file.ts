/** Result files: read by a schema, with errors that name the file. */
import { z } from "zod";

/** A result file as it was found. */
export interface ResultFile {
  /** Path for messages. */
  readonly path: string;
  readonly text: string;
}

/**
 * Reads a result file.
 *
 * @throws {SyntaxError} when it is not JSON, or not the results that are expected
 */
export function parseResult<T>({ path, text }: ResultFile, { schema, what }: {
  schema: z.ZodType<T>;
  /** What the file should hold, for messages. */
  what: string;
}): T {
  const parsed = schema.safeParse(parseJson({ path, text }));
  if (parsed.success) return parsed.data;
  throw new SyntaxError(`Cannot read ${path}: expected ${what}, got another content\n${z.prettifyError(parsed.error)}`);
}

function parseJson({ path, text }: ResultFile): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: expected JSON, got a damaged or unfinished file`, { cause });
  }
}

/** A number that JSON has as null where it is undefined or infinite. */
export const measured = z.number().nullable().transform((value) => value ?? NaN);

/** Mean with its interval. */
export const estimateSchema = z.object({ mean: measured, low: measured, high: measured });

/** Mean with its interval; NaN where there is none. */
export type Estimate = z.output<typeof estimateSchema>;
