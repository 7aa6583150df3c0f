/** What run.json says: what was asked for, on which data, and where it was computed. */
import { z } from "zod";
import { ConfigError } from "../lib/errors.ts";
import { RunFolder } from "../lib/host/mod.ts";
import { type BackendInfo, BACKENDS } from "../lib/tensor/mod.ts";
import { recipeSchema } from "../recipes/mod.ts";
import { initialWeightsSchema } from "./_initial_weights.ts";
import { runDataSchema } from "./_run_data.ts";

const runDescriptionSchema = z.strictObject({
  recipe: z.string(),
  options: recipeSchema,
  data: runDataSchema,
  /** What the run started from; absent: random weights. */
  weights: initialWeightsSchema.optional(),
  /** A resumed run computes on the backend it was started on: numbers differ in the last digits between backends. */
  backend: z.enum(BACKENDS),
  /** Where the run was started, by name; runs of earlier versions have none. */
  environment: z.record(z.string(), z.string()).default({}),
});

/** See {@linkcode runDescriptionSchema}. */
export type RunDescription = z.output<typeof runDescriptionSchema>;

/** Reads the description of a run that was started before. */
export async function readRunDescription(
  run: string,
  { verb }: { verb: "resume" | "export" | "show" },
): Promise<RunDescription> {
  const found = await RunFolder.readDescription(run, { verb });
  if (verb === "export" && (found as { kind?: unknown } | null)?.kind === "finetune") {
    throw new ConfigError(
      `Cannot export ${run}: expected a pre-training run, got a fine-tuned one, whose weights.safetensors has the official ` +
        "names already",
    );
  }
  const parsed = runDescriptionSchema.safeParse(found);
  if (!parsed.success) {
    throw new ConfigError(`Cannot ${verb} ${run}: run.json does not describe a run: ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

/** The machine and what computes on it. */
export function describeEnvironment(backend: BackendInfo): RunDescription["environment"] {
  const details = Object.entries(backend.gpu ?? {}).map(([name, value]) => [`adapter ${name}`, String(value)]);
  return {
    backend: backend.description,
    ...Object.fromEntries(details),
    deno: Deno.version.deno,
    system: `${Deno.build.os} ${Deno.build.arch}, ${navigator.hardwareConcurrency} processors`,
  };
}
