/** What makes one head different from the next: size, proportions, atrophy, ventricles, folding. */
import type { Triple } from "../../geometry.ts";
import type { Random } from "../../random.ts";

/** The measures of one head. */
export interface Morphometry {
  /** Head size relative to the mean along (x, y, z); brain volumes vary by about 10 % (one SD) between adults. */
  readonly scale: Triple;
  /** Rotation of the head in the scanner about (x, y, z), radians. */
  readonly rotation: Triple;
  /** 0 = young brain, 1 = marked atrophy: wider sulci and ventricles, thinner cortex, periventricular gliosis. */
  readonly atrophy: number;
  /** Factor on the radii of the ventricles. */
  readonly ventricleScale: number;
  /** Cortical thickness in mm, 2.4–3.2 (Fischl & Dale, PNAS 2000: 1–4.5 mm, mean about 2.5 mm). */
  readonly corticalThicknessMm: number;
  /** Half the width of a sulcus in mm. */
  readonly sulcalHalfWidthMm: number;
  /** Mean depth of the sulci in mm. */
  readonly sulcalDepthMm: number;
  /** Wavelength of the folding pattern in mm; neighbouring sulci are half of it apart. */
  readonly foldWavelengthMm: number;
  /** Thickness in mm of the dura that skull stripping leaves on the brain. */
  readonly duraMm: number;
}

/** Draws the measures of one head. */
export function drawMorphometry(random: Random): Morphometry {
  const bounded = (): number => Math.max(-2, Math.min(2, random.normal()));
  const overall = 1 + 0.03 * bounded();
  const scale: Triple = [0, 1, 2].map(() => overall * (1 + 0.025 * bounded())) as [number, number, number];
  const rotation: Triple = [0, 1, 2].map(() => 0.05 * bounded()) as [number, number, number];
  const atrophy = random.uniform() ** 1.5;
  return {
    scale,
    rotation,
    atrophy,
    ventricleScale: Math.exp(-0.2 + 0.55 * atrophy + 0.15 * bounded()),
    corticalThicknessMm: 3 - 0.4 * atrophy + 0.12 * bounded(),
    sulcalHalfWidthMm: 0.45 + 0.9 * atrophy + 0.1 * random.uniform(),
    sulcalDepthMm: 18 + 1.5 * bounded(),
    foldWavelengthMm: 24 + 1.2 * bounded(),
    duraMm: random.between(0.5, 2.5),
  };
}
