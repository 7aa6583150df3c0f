/** Lesions: a glioblastoma with necrosis, enhancing rim and oedema, and an acute infarct. */
import type { Triple } from "../../geometry.ts";
import type { Random } from "../../random.ts";
import { insideShare } from "./_shapes.ts";
import { cerebrumDistance } from "./anatomy.ts";
import type { Deformation } from "./deformation.ts";
import { phantomSpacing } from "./grid.ts";
import { smoothField } from "./smooth_field.ts";
import type { TissueMap } from "./tissue_map.ts";
import { TISSUES } from "./tissues.ts";

/** Kinds of lesion a phantom may carry. */
export const PHANTOM_LESIONS = ["none", "tumour", "stroke"] as const;

/** One of {@link PHANTOM_LESIONS}. */
export type PhantomLesion = typeof PHANTOM_LESIONS[number];

/** Label values of a tumour, those of BraTS 2012–2022 (later years write 3 for the enhancing part); 0 elsewhere. */
export const TUMOUR_LABELS = { necrosis: 1, oedema: 2, enhancing: 4 } as const;

/** Label value of an infarct, as in ISLES. */
export const STROKE_LABEL = 1;

/** Where a lesion sits and how large it is. Subject space, mm. */
export interface LesionPlan {
  readonly centre: Triple;
  /** Of the tumour without its oedema, or of the infarct. */
  readonly radiusMm: number;
  /** How far oedema reaches beyond the tumour. */
  readonly oedemaMm: number;
  /** Thickness of the enhancing rim. */
  readonly rimMm: number;
  /** Share of a tumour's volume that displaces tissue instead of replacing it. */
  readonly massShare: number;
}

/** Draws place and size of a lesion inside a cerebral hemisphere. */
export function drawLesion(
  random: Random,
  { kind, deformation }: { kind: Exclude<PhantomLesion, "none">; deformation: Deformation },
): LesionPlan {
  const radiusMm = kind === "tumour" ? random.between(12, 20) : random.between(12, 22);
  const clearance = kind === "tumour" ? 0.9 * radiusMm : 6;
  let centre: Triple;
  do {
    const side = random.uniform() < 0.5 ? -1 : 1;
    centre = [side * random.between(17, 52), random.between(-58, 52), random.between(-22, 45)];
  } while (cerebrumDistance(...centre) > -clearance);
  return {
    centre: deformation.toSubject(centre),
    radiusMm,
    oedemaMm: random.between(8, 18),
    rimMm: random.between(3.5, 5.5),
    massShare: random.between(0.15, 0.5),
  };
}

/** Grows a tumour in the tissue map, in place, and returns its label map (x fastest). */
export function growTumour(tissues: TissueMap, { plan, random }: { plan: LesionPlan; random: Random }): Float32Array {
  const { size, voxels, fractions } = tissues, voxelMm = phantomSpacing(size);
  const outline = smoothField(random, { size, voxels, controls: 11 });
  const fingers = smoothField(random, { size, voxels, controls: 18 });
  const oedemaAt = TISSUES.indexOf("oedema"), enhancingAt = TISSUES.indexOf("enhancing");
  const necrosisAt = TISSUES.indexOf("necrosis"), uptake = oedemaUptake();
  const label = new Float32Array(size ** 3);
  const reach = plan.radiusMm + 2 * plan.oedemaMm + 12;
  for (let n = 0; n < voxels.length; n++) {
    const i = voxels[n], row = n * TISSUES.length, radius = distanceTo(plan.centre, { index: i, size });
    if (radius > reach) continue;
    // The bulges are bounded, so that no lesion shrinks to nothing.
    const bulge = Math.max(-1.3, Math.min(1.3, outline[n]));
    const edge = radius - plan.radiusMm + 2.8 * bulge + 1.3 * fingers[n];
    const core = insideShare(edge, voxelMm);
    const necrosis = Math.min(core, insideShare(edge + plan.rimMm * (1 + 0.35 * fingers[n]), voxelMm));
    // Water spreads along white matter, in fingers, and fades towards its border.
    const spread = plan.oedemaMm * (1 + 0.5 * bulge) - edge;
    const halo = Math.max(0, Math.min(1, spread / 5));
    let oedema = 0;
    for (let k = 0; k < TISSUES.length; k++) {
      const before = fractions[row + k] * (1 - core), moved = before * halo * uptake[k];
      fractions[row + k] = before - moved;
      oedema += moved;
    }
    fractions[row + oedemaAt] += oedema;
    fractions[row + necrosisAt] += necrosis;
    fractions[row + enhancingAt] += core - necrosis;
    // A rim thinner than a voxel still shows, so a third of one is enough for its label.
    if (core >= 0.5) label[i] = core - necrosis < 1 / 3 ? TUMOUR_LABELS.necrosis : TUMOUR_LABELS.enhancing;
    else if (oedema >= 0.3) label[i] = TUMOUR_LABELS.oedema;
  }
  return label;
}

/** Lets an infarct take over most of the tissue of a region, in place, and returns its label map (x fastest). */
export function growInfarct(tissues: TissueMap, { plan, random }: { plan: LesionPlan; random: Random }): Float32Array {
  const { size, voxels, fractions } = tissues, voxelMm = phantomSpacing(size);
  const outline = smoothField(random, { size, voxels, controls: 11 });
  const infarctAt = TISSUES.indexOf("infarct"), uptake = infarctUptake();
  const label = new Float32Array(size ** 3);
  for (let n = 0; n < voxels.length; n++) {
    const i = voxels[n], row = n * TISSUES.length, radius = distanceTo(plan.centre, { index: i, size });
    if (radius > plan.radiusMm + 20) continue;
    const core = insideShare(radius - plan.radiusMm + 4 * Math.max(-1.3, Math.min(1.3, outline[n])), voxelMm);
    let infarct = 0;
    for (let k = 0; k < TISSUES.length; k++) {
      const moved = fractions[row + k] * core * uptake[k];
      fractions[row + k] -= moved;
      infarct += moved;
    }
    fractions[row + infarctAt] += infarct;
    if (infarct >= 0.4) label[i] = STROKE_LABEL;
  }
  return label;
}

/** Distance in mm of a voxel's centre from a point in subject space. */
function distanceTo([x, y, z]: Triple, { index, size }: { index: number; size: number }): number {
  const spacing = phantomSpacing(size), middle = (size - 1) / 2;
  const dx = (index % size - middle) * spacing - x;
  const dy = (Math.floor(index / size) % size - middle) * spacing - y;
  const dz = (Math.floor(index / (size * size)) - middle) * spacing - z;
  return Math.sqrt(dx * dx + dy * dy + dz * dz);
}

/** Which share of each tissue vasogenic oedema takes over: mostly white matter. */
function oedemaUptake(): number[] {
  return TISSUES.map((tissue) => ({ white: 0.85, grey: 0.25, deepGrey: 0.3 } as Record<string, number>)[tissue] ?? 0);
}

/** Which share of each tissue an infarct takes over: cells die, fluid and vessels stay. */
function infarctUptake(): number[] {
  const uptake: Record<string, number> = { white: 0.9, grey: 0.9, deepGrey: 0.9, pallidum: 0.9 };
  return TISSUES.map((tissue) => uptake[tissue] ?? 0);
}
