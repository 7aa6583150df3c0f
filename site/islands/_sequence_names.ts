/** Sequences as people write them. */

const NAMES: Readonly<Record<string, string>> = {
  flair: "FLAIR",
  t1: "T1",
  t1c: "T1 + contrast",
  t2: "T2",
  mra: "MRA",
  pd: "PD",
  dwi: "DWI",
  adc: "ADC",
};

/** All sequences by their canonical names. */
export const SEQUENCES = Object.keys(NAMES);

/** The name to show for a canonical one. */
export function nameOfSequence(modality: string): string {
  return NAMES[modality] ?? modality;
}
