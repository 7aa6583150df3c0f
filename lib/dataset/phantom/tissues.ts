/** MR properties of the tissues a phantom is made of, from the literature. */

/** The tissues, in the order in which fractions are stored. */
export const TISSUES = [
  "csf",
  "grey",
  "white",
  "deepGrey",
  "pallidum",
  "blood",
  "veins",
  "choroidPlexus",
  "dura",
  "oedema",
  "enhancing",
  "necrosis",
  "infarct",
] as const;

/** One of the tissues of a phantom. */
export type Tissue = typeof TISSUES[number];

/** Field strengths for which properties are tabulated, tesla. */
export type FieldStrength = 1.5 | 3;

/** What the signal equations need to know about a tissue. */
export interface TissueProperties {
  /** Longitudinal relaxation time at 1.5 T and 3 T, ms. */
  readonly t1: Readonly<Record<FieldStrength, number>>;
  /** Transverse relaxation time, ms; hardly depends on the field strength between 1.5 T and 3 T (Stanisz 2005). */
  readonly t2: number;
  /** Proton density relative to water. */
  readonly pd: number;
  /** Apparent diffusion coefficient, µm²/ms (10⁻³ mm²/s). */
  readonly adc: number;
  /** Share of the volume that is blood; contrast agent that stays in the vessels reaches only this share. */
  readonly bloodVolume: number;
  /** Share of the signal that saturating the protons of macromolecules takes away (magnetisation transfer ratio). */
  readonly mtr: number;
}

/**
 * Properties of every tissue.
 *
 * - T1 of grey and white matter and of the striatum: Wright et al., MAGMA 21:121 (2008), MPRAGE fits: 1197/646/1084 ms
 *   at 1.5 T and 1607/838/1332 ms at 3 T. The pallidum lies between striatum and white matter, as its iron makes it.
 * - T2 of grey and white matter: 110 and 80 ms, Wansapura et al., J Magn Reson Imaging 9:531 (1999).
 * - CSF: T1 4300 ms at all fields, Rooney et al., Magn Reson Med 57:308 (2007); T2 2000 ms, Spijkerman et al.,
 *   MAGMA 31:415 (2018). Blood: Stanisz et al., Magn Reson Med 54:507 (2005).
 * - Proton density: water contents 0.83 (grey) and 0.71 (white), Whittall et al., Magn Reson Med 37:34 (1997).
 * - ADC: cortex 0.89, deep grey 0.75, white matter 0.70 µm²/ms, Helenius et al., AJNR 23:194 (2002); CSF near free
 *   water at 37 °C, 3.0 µm²/ms.
 * - Glioblastoma: T1 and T2 of oedema and solid tumour lie between those of grey matter and of necrosis, necrosis below
 *   fluid. The numbers are plausible ones, chosen to keep these orders, not means of a study. What contrast agent does
 *   to them is in {@link relaxationAfterContrast}.
 * - Veins: as blood, but the deoxygenation of venous blood shortens T2. Choroid plexus and dura: plausible numbers, for
 *   a wet tissue full of blood and for a dense one of collagen, which is dark in every sequence.
 * - Blood volume: 5.2 % (grey) and 2.7 % (white), Leenders et al., Brain 113:27 (1990).
 * - Magnetisation transfer in white matter exceeds that in grey, and fluid shows none (Wolff & Balaban, Magn Reson Med
 *   10:135, 1989). The ratios are plausible ones for the weak pulses of an angiography.
 * - Infarct: ADC about half of normal while acute; it stays low for a week, Lansberg et al., AJNR 22:637 (2001). T2
 *   rises by about 2 ms per hour, Damion et al., Phys Med Biol 64:095016 (2019): here, grey matter after 15 h.
 */
export const TISSUE_PROPERTIES: Readonly<Record<Tissue, TissueProperties>> = {
  csf: { t1: { 1.5: 4300, 3: 4300 }, t2: 2000, pd: 1, adc: 3, bloodVolume: 0, mtr: 0 },
  grey: { t1: { 1.5: 1197, 3: 1607 }, t2: 110, pd: 0.83, adc: 0.89, bloodVolume: 0.052, mtr: 0.2 },
  white: { t1: { 1.5: 646, 3: 838 }, t2: 80, pd: 0.71, adc: 0.7, bloodVolume: 0.027, mtr: 0.3 },
  deepGrey: { t1: { 1.5: 1084, 3: 1332 }, t2: 90, pd: 0.8, adc: 0.75, bloodVolume: 0.045, mtr: 0.22 },
  pallidum: { t1: { 1.5: 850, 3: 1050 }, t2: 62, pd: 0.75, adc: 0.75, bloodVolume: 0.04, mtr: 0.25 },
  blood: { t1: { 1.5: 1441, 3: 1932 }, t2: 275, pd: 0.85, adc: 1.5, bloodVolume: 0, mtr: 0.05 },
  veins: { t1: { 1.5: 1441, 3: 1932 }, t2: 60, pd: 0.85, adc: 1.5, bloodVolume: 0, mtr: 0.05 },
  choroidPlexus: { t1: { 1.5: 1150, 3: 1500 }, t2: 120, pd: 0.85, adc: 1.5, bloodVolume: 0.15, mtr: 0.12 },
  dura: { t1: { 1.5: 900, 3: 1100 }, t2: 25, pd: 0.35, adc: 0.7, bloodVolume: 0.05, mtr: 0.35 },
  oedema: { t1: { 1.5: 1150, 3: 1450 }, t2: 165, pd: 0.85, adc: 1.4, bloodVolume: 0.025, mtr: 0.15 },
  enhancing: { t1: { 1.5: 1300, 3: 1600 }, t2: 135, pd: 0.84, adc: 1.1, bloodVolume: 0.05, mtr: 0.15 },
  necrosis: { t1: { 1.5: 2100, 3: 2500 }, t2: 320, pd: 0.92, adc: 2.1, bloodVolume: 0, mtr: 0.05 },
  infarct: { t1: { 1.5: 1300, 3: 1650 }, t2: 140, pd: 0.82, adc: 0.4, bloodVolume: 0.03, mtr: 0.18 },
};

/** Longitudinal relaxivity of a gadolinium chelate in plasma, 1/(mM·s): 4.1 at 1.5 T, 3.7 at 3 T (Rohrer 2005). */
const RELAXIVITY: Readonly<Record<FieldStrength, number>> = { 1.5: 4.1, 3: 3.7 };

/**
 * T1 in ms after contrast agent of a concentration in mM: 1/T1' = 1/T1 + r₁·C.
 *
 * With 0.18 mM, enhancing tumour at 3 T falls from 1600 to 775 ms; 838 ± 210 ms less is what Nöth et al. (NMR Biomed
 * 33:e4242, 2020) measured.
 */
export function relaxationAfterContrast(t1: number, { millimolar, field }: {
  millimolar: number;
  field: FieldStrength;
}): number {
  return 1 / (1 / t1 + RELAXIVITY[field] * millimolar / 1000);
}
