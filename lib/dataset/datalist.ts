/** The list of subjects and their images: the official JSON form in, typed values out, and back. */
import { z } from "zod";
import { DatalistError, messageOf } from "../errors.ts";
import { nameSubjects } from "./_subject_id.ts";
import { ACCEPTED_NAMES, canonicalModality, type Modality, modalityOfFile } from "./modality.ts";

/** One image of a subject. */
export interface ListedImage {
  /** Canonical name. */
  readonly modality: Modality;
  /** Path as listed: relative to the list's root, or absolute. */
  readonly file: string;
}

/** One subject: images on one grid, one per modality. */
export interface Subject {
  /** Name, unique in the list. */
  readonly id: string;
  /** Images in the order of the list. */
  readonly images: readonly ListedImage[];
  /** Segmentation, path as for the images; in a list for classification, the class by name or number. */
  readonly label?: string;
  /** The person, where a person may be there more than once: all of a group are held out together or not at all. */
  readonly group?: string;
}

/** Subjects for training and for validation. */
export interface Datalist {
  /** Folder that relative paths start from. */
  readonly root: string;
  /** Subjects to learn from. */
  readonly training: readonly Subject[];
  /** Subjects held out. */
  readonly validation: readonly Subject[];
}

/** Where a datalist comes from. */
export interface DatalistOptions {
  /** Folder that the paths in the list start from. */
  readonly root: string;
  /** The list's own path, for messages. */
  readonly file: string;
}

/** The form of a list; made when one is read, so that a page which reads none is spared the library. */
function datalistForm() {
  const entry = z.object({
    image: z.preprocess(
      (value) => (typeof value === "string" ? [value] : value),
      z.array(z.string("a path"), "a list of paths").min(1, "at least one path"),
    ),
    label: z.preprocess((value) => (typeof value === "number" ? String(value) : value), z.string("a path").optional()),
    // Ours, each written only where files' names do not tell it.
    subject: z.string("a name").optional(),
    group: z.string("a name").optional(),
    modalities: z.array(z.string("a modality"), "a list of modalities").optional(),
  }, 'an object with "image"');
  const subset = z.array(entry, "a list of subjects");
  return z.object({ training: subset, validation: subset.default([]) }, 'an object with "training"');
}

type ListForm = z.infer<ReturnType<typeof datalistForm>>;
type Entry = ListForm["training"][number];

/**
 * Reads a datalist in the official form: `{"training": [{"image": [paths…], "label": path?}], "validation": […]}`.
 *
 * Modalities come from the file names ({@link modalityOfFile}), subject names from what the files share; an entry may
 * name them itself, by `modalities` (one per image) and `subject`, and a person's visits by a common `group`. A single
 * path in place of the list of images is accepted, `validation` may be left out and other keys are ignored. A label may be a
 * number: a class.
 *
 * @param text the JSON text
 * @throws {DatalistError} when the text is not JSON or not of this form, a file name tells no modality, a modality
 *   occurs twice in a subject, a subject or its name occurs twice, or there is none for training
 * @see the `--json_list` files of the official code
 */
export function parseDatalist(text: string, options: DatalistOptions): Datalist {
  const { root, file } = options;
  const { training, validation } = checkForm(parseJson(text, file), file);
  if (training.length === 0) {
    throw new DatalistError(`Cannot read datalist ${file}: expected at least one subject in training, got none`);
  }
  const images = [
    ...training.map((entry, i) => imagesOf(entry, { place: `training[${i}]`, file })),
    ...validation.map((entry, i) => imagesOf(entry, { place: `validation[${i}]`, file })),
  ];
  const names = derivedNames(images, `datalist ${file}`);
  const subjects = [...training, ...validation].map(({ subject, label, group }, i): Subject => ({
    id: subject ?? names[i],
    images: images[i],
    ...(label === undefined ? {} : { label }),
    ...(group === undefined ? {} : { group }),
  }));
  checkNames(subjects, file);
  return { root, training: subjects.slice(0, training.length), validation: subjects.slice(training.length) };
}

/**
 * Writes a datalist in the official form, paths as they are listed.
 *
 * What {@link parseDatalist} would not find by itself (a name, a group, a modality) is written beside them.
 *
 * @throws {DatalistError} when two subjects have the same files
 */
export function formatDatalist({ training, validation }: Datalist): string {
  const names = derivedNames([...training, ...validation].map(({ images }) => images), "datalist");
  const form = {
    training: training.map((subject, i) => entryOf(subject, names[i])),
    validation: validation.map((subject, i) => entryOf(subject, names[training.length + i])),
  };
  return JSON.stringify(form, null, 2) + "\n";
}

function entryOf({ id, images, label, group }: Subject, name: string): Entry {
  const isTold = images.every(({ modality, file }) => modalityOfFile(file) === modality);
  return {
    image: images.map(({ file }) => file),
    ...(label === undefined ? {} : { label }),
    ...(id === name ? {} : { subject: id }),
    ...(group === undefined ? {} : { group }),
    ...(isTold ? {} : { modalities: images.map(({ modality }) => modality) }),
  };
}

/** What the files say that the subjects are called. */
function derivedNames(subjects: readonly (readonly ListedImage[])[], context: string): string[] {
  return nameSubjects(subjects.map((images) => images.map(({ file }) => file)), context);
}

function checkNames(subjects: readonly Subject[], file: string): void {
  const names = new Set<string>();
  for (const { id } of subjects) {
    if (names.has(id)) {
      throw new DatalistError(`Cannot read datalist ${file}: expected a name for each subject, got "${id}" twice`);
    }
    names.add(id);
  }
}

/** The path under which a listed file is opened: joined to the root unless it is absolute. */
export function resolveFile(root: string, file: string): string {
  const absolute = /^([/\\]|[A-Za-z]:[/\\])/.test(file);
  return absolute || root === "" ? file : `${root.replace(/\/+$/, "")}/${file}`;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DatalistError(`Cannot read datalist ${file}: expected JSON, got ${messageOf(error)}`, { cause: error });
  }
}

/** Checks the form; the schema's own messages say what was expected. */
function checkForm(form: unknown, file: string): ListForm {
  const result = datalistForm().safeParse(form);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  const place = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("").slice(1);
  const where = place === "" ? "" : ` at ${place}`;
  const value = JSON.stringify(valueAt(form, path)) ?? "nothing";
  throw new DatalistError(`Cannot read datalist ${file}: expected ${message}${where}, got ${value.slice(0, 80)}`);
}

function valueAt(form: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], form);
}

function imagesOf(entry: Entry, at: { place: string; file: string }): ListedImage[] {
  checkModalityCount(entry, at);
  const fileOf = new Map<Modality, string>();
  entry.image.forEach((file, i) => {
    const modality = modalityAt(entry, { i, ...at });
    const other = fileOf.get(modality);
    if (other !== undefined) {
      throw new DatalistError(
        `Cannot read datalist ${at.file}: expected each modality once at ${at.place}, ` +
          `got ${modality} from "${other}" and "${file}"`,
      );
    }
    fileOf.set(modality, file);
  });
  return Array.from(fileOf, ([modality, file]) => ({ modality, file }));
}

function checkModalityCount({ image, modalities }: Entry, { place, file }: { place: string; file: string }): void {
  if (modalities === undefined || modalities.length === image.length) return;
  throw new DatalistError(
    `Cannot read datalist ${file}: expected ${image.length} names, one per image, at ${place}.modalities, ` +
      `got ${modalities.length}`,
  );
}

/** The modality of an entry's image, as the entry or else the file's name says. */
function modalityAt(
  { image, modalities }: Entry,
  { i, place, file }: { i: number; place: string; file: string },
): Modality {
  if (modalities !== undefined) {
    try {
      return canonicalModality(modalities[i]);
    } catch (cause) {
      throw new DatalistError(
        `Cannot read datalist ${file}: expected a modality (${ACCEPTED_NAMES}) at ${place}.modalities[${i}], ` +
          `got "${modalities[i]}"`,
        { cause },
      );
    }
  }
  const modality = modalityOfFile(image[i]);
  if (modality !== undefined) return modality;
  throw new DatalistError(
    `Cannot read datalist ${file}: expected a file name that ends in a modality (${ACCEPTED_NAMES}) ` +
      `at ${place}.image[${i}], got "${image[i]}"`,
  );
}
