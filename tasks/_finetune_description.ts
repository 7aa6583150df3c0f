/** What the run.json of a fine-tuning run says. */
import { z } from "zod";
import { ConfigError } from "../lib/errors.ts";
import { RunFolder } from "../lib/host/mod.ts";
import { MODEL_NAMES } from "../lib/model/mod.ts";
import { BACKENDS } from "../lib/tensor/mod.ts";
import { finetuneSchema } from "../recipes/finetune/mod.ts";
import { taskSchema } from "../recipes/tasks/mod.ts";
import { finetuneDataSchema } from "./_finetune_data.ts";
import { initialWeightsSchema } from "./_initial_weights.ts";

const finetuneDescriptionSchema = z.strictObject({
  kind: z.literal("finetune"),
  recipe: z.string(),
  /** The whole task, so that the run stays readable when its file changes. */
  task: taskSchema,
  model: z.enum(MODEL_NAMES),
  options: finetuneSchema,
  data: finetuneDataSchema,
  /** What the run started from; absent: random weights. */
  weights: initialWeightsSchema.optional(),
  /** A resumed run computes on the backend it was started on. */
  backend: z.enum(BACKENDS),
  /** Where the run was started, by name. */
  environment: z.record(z.string(), z.string()).default({}),
});

/** See {@linkcode finetuneDescriptionSchema}. */
export type FinetuneDescription = z.output<typeof finetuneDescriptionSchema>;

/**
 * Reads the description of a fine-tuning run.
 *
 * @throws {ConfigError} when run.json is that of another kind of run, or damaged
 */
export async function readFinetuneDescription(
  run: string,
  { verb = "resume" }: { verb?: "resume" | "show" } = {},
): Promise<FinetuneDescription> {
  const found = await RunFolder.readDescription(run, { verb });
  if ((found as { kind?: unknown } | null)?.kind !== "finetune") {
    throw new ConfigError(`Cannot resume ${run}: expected a fine-tuning run, got another kind; see deno task pretrain`);
  }
  const parsed = finetuneDescriptionSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`Cannot ${verb} ${run}: run.json does not describe a run: ${z.prettifyError(parsed.error)}`);
}
