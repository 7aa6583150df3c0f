/** The work behind `deno task notebooks`: every notebook in a kernel of its own, from top to bottom. */
import { formatDuration, makeFolder } from "../lib/host/mod.ts";
import { JupyterKernel } from "./_jupyter_kernel.ts";
import {
  kindsOf,
  listNotebooks,
  type Notebook,
  type NotebookCell,
  readNotebook,
  sourceOf,
  withOutputs,
  writeNotebook,
} from "./_notebook_files.ts";

/** The command line. */
export interface NotebooksArguments {
  /** Files, or beginnings of the names under notebooks/; none = all. */
  readonly names: readonly string[];
  /** Write nothing; compare kinds of outputs instead. */
  readonly check?: boolean;
}

const FOLDER = "notebooks";

/**
 * Runs notebooks and writes their outputs into them.
 *
 * @returns the exit status: 0 done, 1 when a cell failed or, in a check, shows something else than the file
 */
export async function runNotebooks(
  { names, check = false }: NotebooksArguments,
  print: (line: string) => void,
): Promise<number> {
  const files = await chooseFiles(names);
  let failures = 0;
  for (const file of files) {
    const started = performance.now();
    const { notebook, problems } = await runNotebook(file);
    const seconds = formatDuration((performance.now() - started) / 1000);
    if (problems.length === 0 && !check) await writeNotebook(file, notebook);
    if (problems.length === 0 && check) problems.push(...compareKinds(notebook, await readNotebook(file)));
    print(`${file}  ${problems.length === 0 ? "ran" : "failed"} in ${seconds}`);
    for (const problem of problems) print(`  ${problem}`);
    failures += Math.min(1, problems.length);
  }
  return failures === 0 ? 0 : 1;
}

async function chooseFiles(names: readonly string[]): Promise<string[]> {
  const all = await listNotebooks(FOLDER);
  if (names.length === 0) return all.map((name) => `${FOLDER}/${name}`);
  return names.flatMap((name) => {
    if (name.endsWith(".ipynb")) return [name];
    const found = all.filter((each) => each.startsWith(name));
    if (found.length > 0) return found.map((each) => `${FOLDER}/${each}`);
    throw new Error(`Cannot run notebook: expected one of ${all.join(", ")}, got "${name}"`);
  });
}

/** Runs all code cells, up to the first one that fails. */
export async function runNotebook(file: string): Promise<{ notebook: Notebook; problems: string[] }> {
  const notebook = await readNotebook(file);
  await makeFolder("runs");
  await using kernel = await JupyterKernel.start(file.slice(0, Math.max(0, file.lastIndexOf("/"))) || ".");
  const cells: NotebookCell[] = [];
  const problems: string[] = [];
  let count = 0;
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code" || problems.length > 0) {
      cells.push(cell);
      continue;
    }
    const outputs = await kernel.execute(sourceOf(cell));
    cells.push(withOutputs(cell, outputs, ++count));
    for (const output of outputs) {
      if (output.output_type !== "error") continue;
      problems.push(`cell ${count}: ${output.ename}: ${output.evalue}`, ...output.traceback.slice(1));
    }
  }
  return { notebook: { ...notebook, cells }, problems };
}

/** Where a fresh run shows other kinds of outputs than the file. */
export function compareKinds(fresh: Notebook, committed: Notebook): string[] {
  return fresh.cells.flatMap((cell, i) => {
    const [got, expected] = [cell, committed.cells[i]].map(({ outputs }) => kindsOf(outputs).join(", ") || "nothing");
    return got === expected ? [] : [`cell at ${i}: expected to show ${expected}, got ${got}; run deno task notebooks`];
  });
}
