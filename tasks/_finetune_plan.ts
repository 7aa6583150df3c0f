/** What a fine-tuning is to be: task, recipe, options, templates. */
import { parseConfigFile, resolveConfig } from "../lib/config.ts";
import type { TemplateVolume } from "../lib/dataset/mod.ts";
import { ConfigError } from "../lib/errors.ts";
import { readText } from "../lib/host/mod.ts";
import type { BackendName } from "../lib/tensor/mod.ts";
import { FINETUNE_RECIPES, finetuneSchema, QUICK_CHECK } from "../recipes/finetune/mod.ts";
import type { FinetuneEntry, FinetuneRecipe, ResolvedFinetune } from "../recipes/finetune/mod.ts";
import { findTask, isTaskFile, parseTask, type Task } from "../recipes/tasks/mod.ts";
import { normaliseTemplates, readTemplates, type WeightsSource } from "./_finetune_weights.ts";

/** The command line. */
export interface FinetuneArguments {
  readonly recipe?: string;
  readonly assignments: readonly string[];
  readonly task?: string;
  readonly data?: string;
  readonly datalist?: string;
  readonly classes?: string;
  readonly weights?: string;
  readonly scratch?: boolean;
  readonly labelFraction?: number;
  readonly config?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly backend?: BackendName;
  readonly threads?: number;
  readonly quickCheck?: boolean;
}

/** What an assignment of the model begins with. */
const MODEL = "model=";

/** A task of the table or of a file. */
export async function readTask(nameOrFile: string): Promise<Task> {
  return isTaskFile(nameOrFile) ? parseTask(await readText(nameOrFile), nameOrFile) : findTask(nameOrFile);
}

/** The model that is asked for: on the command line, in the configuration file, or by a recipe that is about its model. */
export async function askedModel(
  { recipe = "quick", assignments, config }: Pick<FinetuneArguments, "recipe" | "assignments" | "config">,
): Promise<string | undefined> {
  const assigned = assignments.findLast((text) => text.startsWith(MODEL))?.slice(MODEL.length);
  if (assigned !== undefined) return assigned;
  const file = config === undefined ? undefined : parseConfigFile(await readText(config), config).values.model;
  if (file !== undefined) return String(file);
  const entry = entryOf(recipe);
  return entry.fixesModel ? entry.recipe.model : undefined;
}

/**
 * A recipe of the table.
 *
 * @throws {ConfigError} when there is none of this name
 */
export function entryOf(recipe: string): FinetuneEntry {
  if (Object.hasOwn(FINETUNE_RECIPES, recipe)) return FINETUNE_RECIPES[recipe];
  const known = Object.keys(FINETUNE_RECIPES).join(", ");
  throw new ConfigError(`Cannot find recipe: expected one of ${known}, got "${recipe}"`);
}

/** The recipe with what the weights decide (model, size of templates) and what the user changes. */
export async function resolveOptions(
  args: Pick<FinetuneArguments, "recipe" | "assignments" | "config" | "labelFraction" | "quickCheck">,
  { task, source, templateSize }: {
    task: Pick<Task, "kind">;
    source: WeightsSource | undefined;
    templateSize: [number, number, number] | undefined;
  },
): Promise<ResolvedFinetune> {
  const { recipe, classification = recipe } = entryOf(args.recipe ?? "quick");
  const base: FinetuneRecipe = { ...(task.kind === "classification" ? classification : recipe) };
  if (templateSize) base.templates = { size: templateSize };
  const file = args.config === undefined ? undefined : parseConfigFile(await readText(args.config), args.config);
  const fraction = args.labelFraction === undefined ? [] : [`labelFraction=${args.labelFraction}`];
  const assignments = [...(args.quickCheck ? QUICK_CHECK : []), ...fraction, ...args.assignments];
  const asked = await askedModel(args);
  if (source?.model !== undefined && asked === undefined) base.model = source.model as FinetuneRecipe["model"];
  const options = resolveConfig(finetuneSchema, base, { file, assignments });
  if (source?.model !== undefined && source.model !== options.model) {
    throw new ConfigError(`Cannot use weights ${source.file}: expected those of ${options.model}, got ${source.model}`);
  }
  return options;
}

/**
 * The options of a run, and the templates that replace channels in it.
 *
 * @param source where the run's weights come from; undefined = random ones
 */
export async function chooseOptions(
  args: FinetuneArguments,
  { task, source, print }: {
    task: Pick<Task, "kind">;
    source: WeightsSource | undefined;
    print: (line: string) => void;
  },
): Promise<{ options: ResolvedFinetune; templates: readonly TemplateVolume[] }> {
  const bank = source && await readTemplates(source.file);
  const size = bank?.[0].size;
  const options = await resolveOptions(args, { task, source, templateSize: size && [size[0], size[1], size[2]] });
  const templates = chooseTemplates(bank, { args, options, print });
  return { options, templates };
}

/** The templates that stand in for channels; none where there are none to take, unless they were asked for. */
function chooseTemplates(
  bank: readonly TemplateVolume[] | null | undefined,
  { args, options: { augment }, print }: {
    args: FinetuneArguments;
    options: ResolvedFinetune;
    print: (line: string) => void;
  },
): readonly TemplateVolume[] {
  if (augment.templateChannels === 0) return [];
  if (bank) return augment.templateValues === "raw" ? bank : normaliseTemplates(bank);
  const reason = "the start has no templates";
  if (args.assignments.some((text) => text.startsWith("augment.templateChannels="))) {
    throw new ConfigError(`Cannot use augment.templateChannels: expected 0, as ${reason}`);
  }
  print(`templates none: no channel is replaced, as ${reason}`);
  return [];
}
