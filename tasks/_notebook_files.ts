/** Notebooks as files: format 4.5, text in lines, so that a change is seen line by line. */
import { z } from "zod";
import { ConfigError } from "../lib/errors.ts";
import { listNames, readText, writeFileAtomic } from "../lib/host/mod.ts";
import type { CellOutput } from "./_jupyter_kernel.ts";

const lines = z.union([z.string(), z.array(z.string())]);

const notebookSchema = z.looseObject({
  nbformat: z.literal(4),
  cells: z.array(z.looseObject({
    cell_type: z.enum(["code", "markdown", "raw"]),
    source: lines,
    outputs: z.array(z.looseObject({
      output_type: z.string(),
      data: z.record(z.string(), z.unknown()).optional(),
    })).optional(),
  })),
});

/** A notebook, as far as running it is concerned. */
export type Notebook = z.output<typeof notebookSchema>;

/** A cell of a notebook. */
export type NotebookCell = Notebook["cells"][number];

/** Names of the notebooks of a folder, sorted. */
export async function listNotebooks(folder: string): Promise<string[]> {
  return await listNames(folder, /^\d\d-.*\.ipynb$/);
}

/**
 * Reads a notebook.
 *
 * @throws {ConfigError} when the file is none
 */
export async function readNotebook(file: string): Promise<Notebook> {
  const parsed = notebookSchema.safeParse(parseJson(await readText(file)));
  if (parsed.success) return parsed.data;
  throw new ConfigError(`Cannot read ${file}: expected a notebook, but ${z.prettifyError(parsed.error)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Writes a notebook. */
export async function writeNotebook(file: string, notebook: Notebook): Promise<void> {
  await writeFileAtomic(file, JSON.stringify(notebook, null, 1) + "\n");
}

/** The source of a cell in one piece. */
export function sourceOf({ source }: NotebookCell): string {
  return typeof source === "string" ? source : source.join("");
}

/** The code of a notebook in one piece, as far as a module can have it: imports of a cell stay where they are. */
export function joinCode({ cells }: Notebook): string {
  return cells.filter(({ cell_type }) => cell_type === "code").map(sourceOf).join("\n;\n");
}

/** A code cell with new outputs. */
export function withOutputs(cell: NotebookCell, outputs: readonly CellOutput[], count: number): NotebookCell {
  return { ...cell, execution_count: count, outputs: outputs.map((output) => toFile(output, count)) };
}

/** What a cell has shown, without its content: `stream`, `image/png`, `text/markdown`. */
export function kindsOf(outputs: NotebookCell["outputs"]): string[] {
  return (outputs ?? []).flatMap(({ output_type, data }) =>
    data === undefined ? [output_type] : Object.keys(data).sort()
  );
}

function toFile(output: CellOutput, count: number): NonNullable<NotebookCell["outputs"]>[number] {
  switch (output.output_type) {
    case "stream":
      return { ...output, text: toLines(output.text) };
    case "error":
      return { ...output, traceback: [...output.traceback] };
    default: {
      const data = Object.entries(output.data).map(([type, value]) => {
        return [type, typeof value === "string" && type !== "image/png" ? toLines(value) : value];
      });
      const number = output.output_type === "execute_result" ? { execution_count: count } : {};
      return { ...output, data: Object.fromEntries(data), metadata: { ...output.metadata }, ...number };
    }
  }
}

function toLines(text: string): string[] {
  return text.split(/(?<=\n)/);
}
