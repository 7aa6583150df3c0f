/** Which layouts a folder follows: named by the user, or told from its paths. */
import { ConfigError } from "../../errors.ts";
import { modalityOfFile } from "../modality.ts";
import { type FileMeaning, type Layout, meaningOf } from "./layout.ts";
import { LAYOUTS } from "./table.ts";

/** What speaks for a layout. */
export interface LayoutEvidence {
  /** The layout. */
  readonly layout: Layout;
  /** Paths that are images to it. */
  readonly images: number;
}

/** Layouts to read a folder by, and how they came about. */
export interface LayoutChoice {
  /** Empty: plain folders. */
  readonly layouts: readonly Layout[];
  /** In words: `BraTS 2021`, `plain folders`. */
  readonly title: string;
  /** Why, in words: `recognised by 8 of 8 images`. */
  readonly reason: string;
}

/** The least share of the images that has to follow a layout: the others will be left out. */
const LEAST_SHARE = 0.9;

const NAMES = LAYOUTS.map(({ name }) => name).join(", ");

/**
 * Counts the images that each layout of a data set finds; a general scheme gets only what the others leave.
 *
 * @returns layouts with at least one image, in the order of {@link LAYOUTS}
 */
export function layoutEvidence(paths: readonly string[]): LayoutEvidence[] {
  const usable = LAYOUTS.filter(({ evidence }) => {
    return evidence === undefined || paths.some((path) => evidence.test(path.replace(/\.nii(\.gz)?$/i, "")));
  });
  const counts = new Map<Layout, number>();
  for (const path of paths) {
    for (const layout of usable) {
      const found = meaningOf(layout, path);
      if (found === undefined) continue;
      if (isImage(found.meaning)) counts.set(layout, (counts.get(layout) ?? 0) + 1);
      break;
    }
  }
  return usable.flatMap((layout) => {
    const images = counts.get(layout);
    return images === undefined ? [] : [{ layout, images }];
  });
}

/**
 * Chooses the layouts to read paths by.
 *
 * `auto` takes the one layout that finds images, if at most a tenth of the files that look like images lies outside it,
 * and else plain folders: also where several layouts find some, since a folder of several data sets is read by their names.
 *
 * @param wish `auto`, `plain`, or names of layouts separated by commas
 * @throws {ConfigError} when a name is unknown
 */
export function chooseLayouts(wish: string, paths: readonly string[]): LayoutChoice {
  if (wish === "plain") return { layouts: [], title: "plain folders", reason: "as asked for" };
  if (wish !== "auto") {
    const layouts = namedLayouts(wish);
    return { layouts, title: layouts.map(({ title }) => title).join(", "), reason: "as asked for" };
  }
  const evidence = layoutEvidence(paths);
  if (evidence.length > 1) {
    const found = evidence.map(({ layout, images }) => `${layout.name} (${countImages(images)})`).join(", ");
    const names = evidence.map(({ layout }) => layout.name).join(",");
    const title = `plain folders, as several layouts fit; --layout ${names} reads by them`;
    return { layouts: [], title, reason: `several layouts fit: ${found}` };
  }
  return evidence.length === 0
    ? { layouts: [], title: "plain folders", reason: `none of the layouts fits: ${NAMES}` }
    : weigh(evidence[0], paths);
}

/** The only layout that fits, unless too many images would be lost. */
function weigh({ layout, images }: LayoutEvidence, paths: readonly string[]): LayoutChoice {
  const outside = paths.filter((path) => modalityOfFile(path) !== undefined && meaningOf(layout, path) === undefined);
  const all = images + outside.length;
  return images >= LEAST_SHARE * all
    ? { layouts: [layout], title: layout.title, reason: `recognised by ${countImages(images)}` }
    : { layouts: [], title: "plain folders", reason: `only ${images} of ${all} images follow ${layout.name}` };
}

function countImages(images: number): string {
  return `${images} image${images === 1 ? "" : "s"}`;
}

function isImage(meaning: FileMeaning): boolean {
  return typeof meaning === "string" && meaning !== "label";
}

/** Layouts by their names, in the order of the table. */
function namedLayouts(wish: string): Layout[] {
  const names = wish.split(",").map((name) => name.trim().toLowerCase());
  const unknown = names.find((name) => !LAYOUTS.some((layout) => layout.name === name));
  if (unknown !== undefined) {
    throw new ConfigError(`Cannot use layout: expected auto, plain, or some of ${NAMES}, got "${unknown}"`);
  }
  return LAYOUTS.filter(({ name }) => names.includes(name));
}
