/** The eight modalities of the method, the names data sets give them, and how file names carry those. */

/**
 * The canonical modality names in the order of the official template bank.
 *
 * @see the template index of the official pre-training code
 */
export const MODALITIES = ["flair", "t1", "t1c", "t2", "mra", "pd", "dwi", "adc"] as const;

/** A canonical modality name. */
export type Modality = typeof MODALITIES[number];

/** Names seen in public data sets (BraTS, IXI, ISLES, UPENN-GBM, Lesjak-MS, BIDS …), lower case. */
const ALIASES: Readonly<Record<Modality, readonly string[]>> = {
  flair: ["flair", "fla", "t2f", "t2flair"],
  t1: ["t1", "t1n", "t1w"],
  t1c: ["t1c", "t1ce", "t1gd", "t1wks", "t1wce"],
  t2: ["t2", "t2w"],
  mra: ["mra", "tof"],
  pd: ["pd", "pdw"],
  dwi: ["dwi"],
  adc: ["adc"],
};

const MODALITY_OF_NAME: ReadonlyMap<string, Modality> = new Map(
  MODALITIES.flatMap((modality) => ALIASES[modality].map((name) => [name, modality] as const)),
);

/** Every accepted name, canonical ones included, as error messages print them. */
export const ACCEPTED_NAMES: string = [...MODALITY_OF_NAME.keys()].join(", ");

/** Tokens after the modality that only say how the file was processed: `_bet`, nnU-Net's `_0000`, … */
const DECORATION = /^(bet|brain|stripped|n4|reg|registered|norm|mni|mni152|sri24|\d{4})$/;

/**
 * Maps any accepted name to its canonical modality, ignoring case.
 *
 * @throws {RangeError} when the name is unknown
 */
export function canonicalModality(name: string): Modality {
  const modality = MODALITY_OF_NAME.get(name.toLowerCase());
  if (modality === undefined) {
    throw new RangeError(`Cannot recognise modality: expected one of ${ACCEPTED_NAMES}, got "${name}"`);
  }
  return modality;
}

/**
 * Derives the modality from the last `_`- or `-`-separated token of a NIfTI file's name.
 *
 * Tokens that only describe processing are passed over: `TCGA-DU-7294_fla_bet.nii.gz` is flair.
 *
 * @returns undefined when no modality is named there
 */
export function modalityOfFile(path: string): Modality | undefined {
  return MODALITY_OF_NAME.get(splitFileName(path).suffix);
}

/** A file's name before its modality: `sub-01_ses-2` for `anat/sub-01_ses-2_T1w.nii.gz`; empty for `T1w.nii.gz`. */
export function stemOfFile(path: string): string {
  return splitFileName(path).stem;
}

/** The `_`- or `-`-separated tokens of a file's name without its extension, lower case. */
export function tokensOfFile(path: string): string[] {
  return baseName(path).toLowerCase().split(/[_-]/);
}

/** Cuts a name in the token that may be a modality (lower case) and what stands before it. */
function splitFileName(path: string): { stem: string; suffix: string } {
  const name = baseName(path);
  const tokens = name.split(/[_-]/);
  let last = tokens.length - 1;
  while (last > 0 && DECORATION.test(tokens[last].toLowerCase())) last--;
  const stemLength = tokens.slice(0, last).join("_").length;
  return { stem: name.slice(0, stemLength), suffix: tokens[last].toLowerCase() };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.nii(\.gz)?$/i, "");
}
