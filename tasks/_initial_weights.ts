/** Weights that a run starts from instead of random ones. */
import { z } from "zod";
import { openFile } from "../lib/host/mod.ts";
import { openWeights } from "../lib/interop/mod.ts";
import { loadWeights } from "../lib/model/mod.ts";
import type { Parameter } from "../lib/model/mod.ts";
import type { RunParts } from "./_run_parts.ts";
import { describeFile, reportLines } from "./_weights_report.ts";

const count = z.int().nonnegative();

/** What run.json keeps of them: the file, and how many parameters it had, lacked, or had in another shape. */
export const initialWeightsSchema = z.strictObject({
  file: z.string(),
  loaded: count,
  missing: count,
  mismatched: count,
  unexpected: count,
});

/** See {@linkcode initialWeightsSchema}. */
export type InitialWeights = z.output<typeof initialWeightsSchema>;

/**
 * Puts the weights of a file into the model and, where their size is the same, the templates of a run.
 *
 * @param print takes lines for the person
 * @throws {CheckpointError} when the file cannot be read, or nothing in it fits the model; nothing is changed then
 */
export async function loadInitialWeights(
  file: string,
  { parts, print }: { parts: Pick<RunParts, "model" | "templates">; print: (line: string) => void },
): Promise<InitialWeights> {
  using source = await openFile(file);
  const weights = await openWeights(source, file);
  print(`weights   ${describeFile(file, weights)}`);
  const parameters = [...parts.model.parameters, parts.templates.parameter as Parameter];
  const match = await loadWeights(parameters, weights.tensors.values(), { file });
  for (const line of reportLines(match, { all: false })) print(line);
  const [loaded, missing, mismatched, unexpected] = [
    match.loaded,
    match.missing,
    match.mismatched,
    match.unexpected,
  ].map(({ length }) => length);
  return { file, loaded, missing, mismatched, unexpected };
}
