/** What a prepared folder holds and how it was made: written as a plan before the work and as a manifest after it. */
import { z } from "zod";
import { flattenConfig } from "../../config.ts";
import { ConfigError, DatalistError, messageOf } from "../../errors.ts";
import type { Datalist, Subject } from "../datalist.ts";
import { MODALITIES } from "../modality.ts";
import { STORAGE_TYPES } from "./storage.ts";

/** File that says what is to be prepared, there from the start. */
export const PLAN_FILE = "plan.json";
/** File that says that all of it is there, with hashes. */
export const MANIFEST_FILE = "manifest.json";

/** Counted up when old folders can no longer be read. */
const FORMAT = 1;

const triple = z.tuple([z.number(), z.number(), z.number()]);
const preprocessSchema = z.strictObject({
  spacingMm: triple.nullable(),
  lowerPercentile: z.number(),
  upperPercentile: z.number(),
});

const parametersSchema = z.discriminatedUnion("purpose", [
  z.strictObject({
    purpose: z.literal("pretrain"),
    preprocess: preprocessSchema,
    storage: z.enum(STORAGE_TYPES),
  }),
  z.strictObject({
    purpose: z.literal("finetune"),
    /** Channels, in this order. */
    modalities: z.array(z.enum(MODALITIES)),
    /** How label values are read; null without label maps. */
    labels: z.strictObject({
      name: z.string(),
      values: z.array(z.number()),
      sets: z.array(z.strictObject({ name: z.string(), rename: z.record(z.string(), z.number()) })),
      choose: z.string(),
    }).nullable(),
    preprocess: preprocessSchema.extend({
      clip: z.boolean(),
      scaleOver: z.enum(["foreground", "volume"]),
      foreground: z.enum(["centred", "box"]),
      margin: z.number(),
    }),
    storage: z.enum(STORAGE_TYPES),
  }),
]);

/** Everything that decides what prepared subjects look like. */
export type PrepareParameters = z.output<typeof parametersSchema>;

const subjectSchema = z.strictObject({
  id: z.string(),
  images: z.array(z.strictObject({ modality: z.enum(MODALITIES), file: z.string() })).min(1),
  label: z.string().optional(),
  group: z.string().optional(),
});

const planSchema = z.strictObject({
  format: z.literal(FORMAT),
  parameters: parametersSchema,
  training: z.array(subjectSchema),
  validation: z.array(subjectSchema),
});

const manifestSchema = planSchema.extend({
  /** SHA-256 of every prepared subject's `zarr.json`, which has those of its other files. */
  sha256: z.record(z.string(), z.string()),
  /** Subjects that could not be prepared, and why. */
  quarantine: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
});

/** What is to be prepared. */
export type PreparePlan = z.output<typeof planSchema>;
/** What has been prepared. */
export type PreparedManifest = z.output<typeof manifestSchema>;

/** A plan for the subjects of a datalist. */
export function makePlan(
  { training, validation }: Pick<Datalist, "training" | "validation">,
  parameters: PrepareParameters,
): PreparePlan {
  const plain = (subjects: readonly Subject[]): z.output<typeof subjectSchema>[] =>
    subjects.map(({ id, images, label, group }) => ({
      id,
      images: images.map(({ modality, file }) => ({ modality, file })),
      ...(label === undefined ? {} : { label }),
      ...(group === undefined ? {} : { group }),
    }));
  return { format: FORMAT, parameters, training: plain(training), validation: plain(validation) };
}

/** All subjects of a plan, in the order in which they are divided among processes. */
export function plannedSubjects({ training, validation }: Pick<PreparePlan, "training" | "validation">): Subject[] {
  return [...training, ...validation];
}

/** The manifest of a plan that has been carried out, in an order that does not depend on who did what when. */
export function makeManifest(
  plan: PreparePlan,
  { sha256, quarantine }: { sha256: ReadonlyMap<string, string>; quarantine: ReadonlyMap<string, string> },
): PreparedManifest {
  const ids = plannedSubjects(plan).map(({ id }) => id);
  return {
    ...plan,
    sha256: Object.fromEntries(ids.filter((id) => sha256.has(id)).map((id) => [id, sha256.get(id)!])),
    quarantine: ids.filter((id) => quarantine.has(id)).map((id) => ({ id, reason: quarantine.get(id)! })),
  };
}

/** The text of a plan's or manifest's file. */
export function formatPrepared(content: PreparePlan | PreparedManifest): string {
  return JSON.stringify(content, null, 2) + "\n";
}

/**
 * Reads a plan.
 *
 * @throws {DatalistError} when the text is not one
 */
export function parsePlan(text: string, file: string): PreparePlan {
  return parse(text, { file, schema: planSchema });
}

/**
 * Reads a manifest.
 *
 * @throws {DatalistError} when the text is not one
 */
export function parseManifest(text: string, file: string): PreparedManifest {
  return parse(text, { file, schema: manifestSchema });
}

function parse<S extends z.ZodType>(text: string, { file, schema }: { file: string; schema: S }): z.output<S> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DatalistError(
      `Cannot read ${file}: expected what deno task prepare writes (format ${FORMAT}), got ${
        cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause)
      }`,
      { cause },
    );
  }
}

/** The subjects that are there, as a datalist whose root is the folder. */
export function preparedDatalist(manifest: PreparedManifest, root: string): Datalist {
  const isThere = ({ id }: Subject): boolean => Object.hasOwn(manifest.sha256, id);
  return { root, training: manifest.training.filter(isThere), validation: manifest.validation.filter(isThere) };
}

/**
 * Checks that subjects were prepared as they are asked for; how they are stored is not compared.
 *
 * @param asked what the run would do itself
 * @throws {ConfigError} naming every option that differs, as it was and as it is asked for
 */
export function checkParameters(
  made: PrepareParameters,
  { asked, folder }: { asked: Omit<PrepareParameters, "storage">; folder: string },
): void {
  const differences = differencesBetween(made, asked);
  if (differences.length === 0) return;
  throw new ConfigError(
    `Cannot use ${folder}: it was prepared with other options:` +
      differences.map(({ path, made, asked }) => `\n  ${path}: prepared with ${made}, asked for ${asked}`).join("") +
      "\nPrepare the scans again into another folder, or ask for what they were prepared with",
  );
}

/** Every option that differs, `storage` apart. */
export function differencesBetween(
  made: Omit<PrepareParameters, "storage">,
  asked: Omit<PrepareParameters, "storage">,
): { path: string; made: string; asked: string }[] {
  const [was, is] = [made, asked].map((parameters) => flattenConfig({ ...parameters, storage: undefined }));
  const paths = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return paths.filter((path) => was[path] !== is[path]).map((path) => {
    return { path, made: was[path] ?? "nothing", asked: is[path] ?? "nothing" };
  });
}

/** The folder of a subject under `subjects/`: its id, with what a file system may not like written as %XX. */
export function subjectFolder(id: string): string {
  const encode = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(id).replace(/[!'()*~]/g, encode).replace(/^\./, encode);
}
