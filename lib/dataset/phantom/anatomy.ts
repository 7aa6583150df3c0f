/** Where tissues lie: a brain described in template space (mm, RAS+) by distances to its borders. */
import type { Triple } from "../../geometry.ts";
import type { FoldingPattern } from "./folding.ts";
import type { Morphometry } from "./morphometry.ts";
import { ellipsoidDistance, insideShare, outsideSheetShare, smoothUnion, type Tube, tubeDistance } from "./_shapes.ts";
import { TISSUES } from "./tissues.ts";

const CSF = TISSUES.indexOf("csf"), GREY = TISSUES.indexOf("grey"), WHITE = TISSUES.indexOf("white");
const DEEP_GREY = TISSUES.indexOf("deepGrey"), PALLIDUM = TISSUES.indexOf("pallidum");
const OEDEMA = TISSUES.indexOf("oedema");

/** Half of the ventricular system; the other half is its mirror image. */
const VENTRICLES: readonly Tube[] = [
  { from: [8, 31, 4], to: [8, 12, 14], radii: [3.2, 4] },
  { from: [8, 12, 14], to: [12, -18, 19], radii: [4, 4.2] },
  { from: [12, -18, 19], to: [22, -38, 9], radii: [4.2, 5.8] },
  { from: [22, -38, 9], to: [23, -60, 4], radii: [4.5, 1.5] },
  { from: [23, -38, 7], to: [32, -20, -14], radii: [4, 1.8] },
];
const CAUDATE_BODY: Tube = { from: [16, 8, 14], to: [21, -22, 18], radii: [4, 2] };
const BRAINSTEM: Tube = { from: [0, -14, -6], to: [0, -32, -66], radii: [13, 8] };

/** Share of the way to the surface at which the folding pattern is read: 1 would make all sulci radial. */
const TOWARDS_SURFACE = 0.55;

/** Signed distance (mm, negative inside) to the surface of the cerebrum; left and right are mirror images. */
export function cerebrumDistance(x: number, y: number, z: number): number {
  const side = Math.abs(x);
  // Narrower in front than behind.
  const egg = side * (1 + 0.0018 * y);
  const hemispheres = ellipsoidDistance(egg, y, z - 6, z > 6 ? UPPER_RADII : LOWER_RADII);
  const temporal = ellipsoidDistance(side - 41, y - 2, z + 22 + 0.12 * y, TEMPORAL_RADII);
  return smoothUnion(hemispheres, temporal, 7);
}
const UPPER_RADII: Triple = [67, 81, 61], LOWER_RADII: Triple = [67, 81, 33], TEMPORAL_RADII: Triple = [21, 37, 19];

/** Signed distance (mm, negative inside) to the surface of the cerebellum. */
export function cerebellumDistance(x: number, y: number, z: number): number {
  return ellipsoidDistance(Math.abs(x) - 17, y + 51, z + 40, CEREBELLUM_RADII);
}
const CEREBELLUM_RADII: Triple = [34, 31, 24];

/** Signed distance (mm, negative inside) to the surface of the brainstem. */
export function brainstemDistance(x: number, y: number, z: number): number {
  return smoothUnion(tubeDistance(x, y, z, BRAINSTEM, 1), ellipsoidDistance(x, y + 19, z + 32, PONS_RADII), 6);
}
const PONS_RADII: Triple = [17, 13, 15];

/** Signed distance (mm, negative inside) to the skull-stripped surface: the brain with its clefts filled by CSF. */
export function brainDistance(x: number, y: number, z: number): number {
  const cerebrum = cerebrumDistance(x, y, z);
  // The hindbrain lies lower; up here it would only matter to points outside both.
  if (z > 20) return cerebrum;
  const hindbrain = smoothUnion(cerebellumDistance(x, y, z), brainstemDistance(x, y, z), 8);
  return smoothUnion(cerebrum, hindbrain, 8);
}

/** Signed distance (mm, negative inside) to the lateral ventricles, their radii multiplied by `scale`. */
export function ventricleDistance(x: number, y: number, z: number, scale: number): number {
  const side = Math.abs(x);
  let distance = Infinity;
  for (const tube of VENTRICLES) distance = Math.min(distance, tubeDistance(side, y, z, tube, scale));
  // The septum pellucidum keeps the two sides apart.
  return Math.max(distance, 0.8 - side);
}

/** Fills in the tissue fractions of single voxels of one head. */
export class Anatomy {
  /** Fractions of the voxel last asked for, in the order of `TISSUES`; they add up to 1. */
  readonly fractions: Float64Array = new Float64Array(TISSUES.length);
  readonly #folds: FoldingPattern;
  readonly #head: Morphometry;
  readonly #voxel: number;

  /** @param options.voxelMm edge of a voxel, over which every border is averaged */
  constructor(head: Morphometry, { folds, voxelMm }: { folds: FoldingPattern; voxelMm: number }) {
    this.#head = head;
    this.#folds = folds;
    this.#voxel = voxelMm;
  }

  /** Computes `fractions` of the voxel at a template position (mm) inside the brain. */
  sample(x: number, y: number, z: number): void {
    this.fractions.fill(0);
    this.fractions[CSF] = 1;
    const cerebrum = cerebrumDistance(x, y, z), cerebellum = cerebellumDistance(x, y, z);
    const stem = brainstemDistance(x, y, z);
    if (cerebellum < cerebrum + 1 && cerebellum < this.#voxel) this.#addCerebellum(x, y, z, -cerebellum);
    else if (cerebrum < this.#voxel) this.#addCerebrum(x, y, z, -cerebrum);
    if (stem < this.#voxel) this.#addBrainstem(stem, z);
    if (cerebrum < -12 && Math.abs(x) < 45) this.#addDeepStructures(x, y, z);
    this.#addMidlineCavities(x, y, z);
  }

  /** Cortex and white matter; `depth` is mm below the cerebral surface. */
  #addCerebrum(x: number, y: number, z: number, depth: number): void {
    const { corticalThicknessMm: thickness, sulcalHalfWidthMm: width, sulcalDepthMm, atrophy } = this.#head;
    const side = Math.abs(x), voxel = this.#voxel, arch = callosalDepth(y, z);
    const fissure = hypot(side, Math.max(0, arch));
    const hull = Math.min(depth, fissure + 1.2);
    let sulcus = Infinity, opening = width;
    // Sulci of the medial surface are shallower, and none cuts through the corpus callosum.
    const callosal = 5 * Math.max(0, arch) * Math.max(0, 1 - side / 30);
    const depthOfFolds = Math.min(depth, 1.7 * fissure + 1.2 + callosal);
    if (depthOfFolds < sulcalDepthMm + 14) {
      const inward = this.#project(x, y, z, depthOfFolds);
      const reach = sulcalDepthMm + clamp(0.9 * inward.reach, 8);
      sulcus = hypot(inward.sulcus, Math.max(0, depthOfFolds - reach));
    }
    const wobble = clamp(0.6 * this.#folds.at(0.7 * x, 0.7 * y, 0.7 * z), 4);
    const sylvian = sylvianDistance(side + 0.6 * wobble, y, z + wobble);
    if (sylvian - 0.8 < sulcus) {
      sulcus = sylvian;
      opening = width + 0.8;
    }
    // Crowns are round: the surface dips towards the mouth of a sulcus.
    const dip = Math.max(0, 1 - sulcus / 5);
    const crown = hull - 0.6 - 1.2 * atrophy - 2.2 * dip * dip;
    const brain = insideShare(-crown, voxel) * outsideSheetShare(sulcus, opening, voxel);
    const white = insideShare(thickness - crown, voxel) * outsideSheetShare(sulcus, opening + thickness, voxel);
    this.fractions[CSF] = 1 - brain;
    this.fractions[WHITE] = white;
    this.fractions[GREY] = Math.max(0, brain - white);
  }

  /** Distance to the sulci, and a slower pattern that varies their depth, both read near the surface. */
  #project(x: number, y: number, z: number, depth: number): { sulcus: number; reach: number } {
    // Sulci run towards an axis inside each hemisphere: the pattern changes less with depth than along the surface.
    const cx = x < 0 ? -22 : 22, cy = clamp(0.6 * y, 38), cz = 6;
    const dx = x - cx, dy = y - cy, dz = z - cz;
    const radius = Math.sqrt(dx * dx + dy * dy + dz * dz) + 1e-6;
    const stretch = 1 + TOWARDS_SURFACE * depth / radius;
    const px = cx + dx * stretch, py = cy + dy * stretch, pz = cz + dz * stretch;
    // The pattern is stretched along the surface: its distances shrink to true ones.
    const sulcus = Math.abs(this.#folds.at(px, py, pz)) / Math.min(stretch, 1.6);
    return { sulcus, reach: this.#folds.at(0.35 * py, 0.35 * pz, 0.35 * px) };
  }

  /** Folia in fine parallel sheets around a white core. */
  #addCerebellum(x: number, y: number, z: number, depth: number): void {
    const voxel = this.#voxel;
    const sheet = Math.abs(this.#folds.at(0.9 * x, 1.6 * (y + 52), 3.2 * (z + 39) + 0.8 * (y + 52))) / 2.6;
    const folium = hypot(sheet, Math.max(0, depth - 13));
    const brain = insideShare(0.7 - depth, voxel) * outsideSheetShare(folium, 0.25, voxel);
    const white = insideShare(3 - depth, voxel) * outsideSheetShare(folium, 1.4, voxel);
    this.fractions[CSF] = 1 - brain;
    this.fractions[WHITE] = white;
    this.fractions[GREY] = Math.max(0, brain - white);
  }

  #addBrainstem(distance: number, z: number): void {
    const share = insideShare(distance, this.#voxel);
    // Pons and medulla mix tracts and nuclei; the mixture fades into the diencephalon above.
    const nuclei = z > -8 ? 0.15 : 0.3;
    this.#overlay(WHITE, share);
    this.fractions[WHITE] -= nuclei * share;
    this.fractions[GREY] += nuclei * share;
  }

  #addDeepStructures(x: number, y: number, z: number): void {
    const side = Math.abs(x), voxel = this.#voxel;
    const thalamus = ellipsoidDistance(side - 11, y + 17, z - 7, THALAMUS_RADII);
    this.#overlay(DEEP_GREY, insideShare(thalamus, voxel));
    const slanted = side + 0.2 * (y - 3);
    this.#overlay(DEEP_GREY, insideShare(ellipsoidDistance(slanted - 26, y - 3, z - 2, PUTAMEN_RADII), voxel));
    this.#overlay(PALLIDUM, insideShare(ellipsoidDistance(slanted - 19.5, y + 1, z, PALLIDUM_RADII), voxel));
    const head = ellipsoidDistance(side - 14, y - 16, z - 7, CAUDATE_RADII);
    const caudate = smoothUnion(head, tubeDistance(side, y, z, CAUDATE_BODY, 1), 3);
    this.#overlay(DEEP_GREY, insideShare(caudate, voxel));
    const ventricle = ventricleDistance(x, y, z, this.#head.ventricleScale);
    // Gliosis around the ventricles, the caps and rims of the ageing brain.
    const rim = 0.45 * Math.max(0, this.#head.atrophy - 0.4) * Math.max(0, 1 - Math.max(0, ventricle) / 6);
    this.fractions[OEDEMA] += rim * this.fractions[WHITE];
    this.fractions[WHITE] *= 1 - rim;
    this.#overlay(CSF, insideShare(ventricle, voxel));
  }

  /** Third and fourth ventricle and the cisterns behind the midbrain and above the sella. */
  #addMidlineCavities(x: number, y: number, z: number): void {
    if (Math.abs(x) > 15) return;
    const scale = this.#head.ventricleScale, voxel = this.#voxel;
    const third = ellipsoidDistance(x, y + 10, z - 1, [1.6 * scale, 14, 9]);
    const fourth = ellipsoidDistance(x, y + 38, z + 34, [5 * scale, 4, 9]);
    const ambient = ellipsoidDistance(x, y + 36, z + 6, [11, 5, 8]);
    const suprasellar = ellipsoidDistance(x, y - 8, z + 22, [13, 11, 6]);
    this.#overlay(CSF, insideShare(Math.min(third, fourth, ambient, suprasellar), voxel));
  }

  /** Lets a tissue take a share of the voxel from all others. */
  #overlay(tissue: number, share: number): void {
    if (share === 0) return;
    for (let k = 0; k < this.fractions.length; k++) this.fractions[k] *= 1 - share;
    this.fractions[tissue] += share;
  }
}
const THALAMUS_RADII: Triple = [9, 14, 8.5], PUTAMEN_RADII: Triple = [5, 15, 9.5], PALLIDUM_RADII: Triple = [4, 9, 6];
const CAUDATE_RADII: Triple = [5, 9, 8.5];

/** Depth (mm) under the arch above the corpus callosum at which the fissure between the hemispheres ends. */
function callosalDepth(y: number, z: number): number {
  const py = (y + 6) / 46, pz = (z - 1) / 32;
  return (1 - Math.sqrt(py * py + pz * pz)) * 37;
}

/** Distance to the Sylvian fissure: a sheet above the temporal lobe and, at its bottom, another over the insula. */
function sylvianDistance(side: number, y: number, z: number): number {
  const cleft = hypot(z + 6 + 0.25 * y, Math.max(0, 37 - side, y - 34, -44 - y));
  const insula = hypot(side - 38 + 0.004 * y * y, Math.max(0, Math.abs(y - 2) - 17, Math.abs(z - 2) - 9));
  return Math.min(cleft, insula);
}

function hypot(a: number, b: number): number {
  return Math.sqrt(a * a + b * b);
}

function clamp(value: number, limit: number): number {
  return value < -limit ? -limit : value > limit ? limit : value;
}
