/** Vessels: the circle of Willis, the venous sinuses, wandering branches, choroid plexus. */
import type { Triple } from "../../geometry.ts";
import type { Random } from "../../random.ts";
import { insideShare, type Tube, tubeDistance } from "./_shapes.ts";
import { cerebrumDistance } from "./anatomy.ts";
import type { Deformation } from "./deformation.ts";
import { phantomSpacing } from "./grid.ts";
import type { TissueMap } from "./tissue_map.ts";
import { type Tissue, TISSUES } from "./tissues.ts";

/** A course through template space (mm) and the radius in mm at its two ends. */
interface Course {
  readonly points: readonly Triple[];
  readonly radii: readonly [number, number];
  /** Whether there is one on each side. */
  readonly paired: boolean;
  /** Cortical branches that leave its far half, per side. */
  readonly branches: number;
}

/** Typical adult calibres: some 4 mm for the carotid, 2–3 mm beyond (cf. J Med Imaging Radiat Oncol 53:248, 2009). */
const ARTERIES: readonly Course[] = [
  // basilar, vertebral, internal carotid
  { points: [[0, -7, -46], [0, -4, -32], [0, -4, -19]], radii: [1.7, 1.5], paired: false, branches: 0 },
  { points: [[7, -18, -64], [5, -10, -54], [0, -7, -46]], radii: [1.4, 1.4], paired: true, branches: 0 },
  { points: [[11, 12, -27], [13, 14, -21], [14, 8, -14]], radii: [2.2, 1.9], paired: true, branches: 0 },
  // middle cerebral: the stem, then two trunks over the insula
  { points: [[14, 8, -14], [24, 9, -12], [36, 5, -10]], radii: [1.6, 1.4], paired: true, branches: 0 },
  { points: [[36, 5, -10], [38, 12, -2], [40, 16, 10], [54, 14, 16]], radii: [1.3, 0.9], paired: true, branches: 5 },
  { points: [[36, 5, -10], [38, -12, -1], [40, -28, 4], [54, -36, 8]], radii: [1.3, 0.9], paired: true, branches: 6 },
  // anterior cerebral, around the corpus callosum
  {
    points: [[14, 8, -14], [3, 16, -11], [2, 34, 0], [2, 39, 16], [2, 24, 34], [2, -8, 39]],
    radii: [1.4, 0.8],
    paired: true,
    branches: 4,
  },
  // posterior cerebral, around the midbrain
  {
    points: [[0, -4, -19], [11, -9, -17], [20, -24, -11], [15, -46, -4], [12, -68, 2]],
    radii: [1.4, 0.8],
    paired: true,
    branches: 4,
  },
];

/** Sinuses of 3–6 mm calibre in the dura, and the deep veins that drain into them. */
const VEINS: readonly Course[] = [
  // superior sagittal sinus, from the forehead over the vertex to the occiput
  {
    points: [[0, 62, 42], [0, 34, 59], [0, 0, 64.5], [0, -34, 59], [0, -62, 43], [0, -76, 20], [0, -78, 4]],
    radii: [1.2, 3],
    paired: false,
    branches: 12,
  },
  // straight sinus with the vein of Galen, transverse and sigmoid sinus
  { points: [[0, -36, 13], [0, -54, 8], [0, -74, 2]], radii: [1.5, 2], paired: false, branches: 0 },
  {
    points: [[0, -77, 0], [26, -72, -10], [46, -54, -16], [50, -42, -26]],
    radii: [2.6, 2.6],
    paired: true,
    branches: 2,
  },
  // internal cerebral, basal
  { points: [[2, 2, 10], [2, -16, 15], [1, -36, 13]], radii: [0.9, 1.1], paired: true, branches: 0 },
  { points: [[16, 2, -14], [18, -18, -9], [8, -36, 4], [0, -38, 12]], radii: [0.8, 1.1], paired: true, branches: 0 },
];

/** Choroid plexus on the floor of both lateral ventricles, thickest in the atrium. */
const CHOROID_PLEXUS: readonly Course[] = [
  { points: [[9, 0, 11], [14, -20, 15], [21, -36, 9]], radii: [0.9, 2.6], paired: true, branches: 0 },
  { points: [[21, -36, 9], [26, -32, -1], [31, -22, -12]], radii: [2.4, 0.9], paired: true, branches: 0 },
];

const COURSES = { blood: ARTERIES, veins: VEINS, choroidPlexus: CHOROID_PLEXUS } as const satisfies Partial<
  Record<Tissue, readonly Course[]>
>;

/** The tissues that lie along courses. */
export type VesselTissue = keyof typeof COURSES;

/** All of them, in the order in which they take their share of a voxel. */
export const VESSEL_TISSUES = ["choroidPlexus", "veins", "blood"] as const satisfies readonly VesselTissue[];

/** Length of a step of a wandering branch, mm, and the depth below the cerebral surface that it keeps to. */
const STEP_MM = 4, BRANCH_DEPTH_MM = 1.5;

/** Draws the arteries (`blood`), the veins or the choroid plexus of one head, in subject space (mm). */
export function drawVessels(random: Random, { tissue, deformation }: {
  tissue: VesselTissue;
  deformation: Deformation;
}): Tube[] {
  const tubes: Tube[] = [];
  const addCourse = (points: readonly Triple[], radii: readonly [number, number]): void => {
    const course = points.map((point) => deformation.toSubject(point));
    const radiusAt = (k: number): number => radii[0] + (radii[1] - radii[0]) * k / (course.length - 1);
    for (let k = 1; k < course.length; k++) {
      tubes.push({ from: course[k - 1], to: course[k], radii: [radiusAt(k - 1), radiusAt(k)] });
    }
  };
  for (const { points, radii, paired, branches } of COURSES[tissue]) {
    for (const side of paired ? [-1, 1] : [1]) {
      const trunk = points.map(([x, y, z], k): Triple => {
        const wobble = k === 0 ? 0 : 1.2;
        return [side * x + wobble * random.normal(), y + wobble * random.normal(), z + wobble * random.normal()];
      });
      addCourse(trunk, radii);
      for (let b = 0; b < branches; b++) {
        const start = trunk[trunk.length - 1 - random.integer(Math.ceil(trunk.length / 2))];
        addCourse(wander(random, { start, steps: 8 + random.integer(14) }), [0.9 * radii[1], 0.4]);
      }
    }
  }
  return tubes;
}

/** A random walk with inertia that climbs to the cerebral surface and then follows it. */
function wander(random: Random, { start, steps }: { start: Triple; steps: number }): Triple[] {
  const points: Triple[] = [start];
  let heading = unit([random.normal(), random.normal(), random.normal()]);
  for (let step = 0; step < steps; step++) {
    const [x, y, z] = points[points.length - 1];
    const distance = cerebrumDistance(x, y, z);
    const outward = unit([
      cerebrumDistance(x + 1, y, z) - distance,
      cerebrumDistance(x, y + 1, z) - distance,
      cerebrumDistance(x, y, z + 1) - distance,
    ]);
    const pull = Math.max(-0.6, Math.min(0.6, (-distance - BRANCH_DEPTH_MM) / 8));
    heading = unit([0, 1, 2].map((k) => heading[k] + 0.35 * random.normal() + pull * outward[k]) as Vector);
    points.push([x + STEP_MM * heading[0], y + STEP_MM * heading[1], z + STEP_MM * heading[2]]);
  }
  return points;
}

type Vector = [number, number, number];

function unit([x, y, z]: Vector): Vector {
  const length = Math.sqrt(x * x + y * y + z * z) + 1e-9;
  return [x / length, y / length, z / length];
}

/** Puts vessels into the tissue map, in place: every one takes its share of the voxels that it crosses. */
export function fillVessels(tissues: TissueMap, { vessels, tissue }: {
  vessels: readonly Tube[];
  tissue: VesselTissue;
}): void {
  const { size, voxels, fractions } = tissues, voxelMm = phantomSpacing(size);
  const share = new Float32Array(size ** 3);
  for (const vessel of vessels) stamp(share, { vessel, size, voxelMm });
  const filled = TISSUES.indexOf(tissue);
  for (let n = 0; n < voxels.length; n++) {
    const taken = share[voxels[n]], row = n * TISSUES.length;
    if (taken === 0) continue;
    for (let k = 0; k < TISSUES.length; k++) fractions[row + k] *= 1 - taken;
    fractions[row + filled] += taken;
  }
}

/** Raises the share of blood of the voxels around one tube. */
function stamp(share: Float32Array, { vessel, size, voxelMm }: { vessel: Tube; size: number; voxelMm: number }): void {
  const middle = (size - 1) / 2;
  const radius = Math.max(vessel.radii[0], vessel.radii[1]);
  // A vessel thinner than a voxel is drawn one voxel wide. Averaging over a voxel of edge h turns the cross-section πR²
  // into π(R² + h²/12); dilution restores that of the vessel.
  const drawn = Math.max(radius, voxelMm / 2), dilution = radius ** 2 / (drawn ** 2 + voxelMm ** 2 / 12);
  const bounds = [0, 1, 2].map((axis) => {
    const low = Math.min(vessel.from[axis], vessel.to[axis]) - drawn - voxelMm;
    const high = Math.max(vessel.from[axis], vessel.to[axis]) + drawn + voxelMm;
    return [Math.max(0, Math.ceil(low / voxelMm + middle)), Math.min(size - 1, Math.floor(high / voxelMm + middle))];
  });
  const line: Tube = { ...vessel, radii: [drawn, drawn] };
  for (let z = bounds[2][0]; z <= bounds[2][1]; z++) {
    for (let y = bounds[1][0]; y <= bounds[1][1]; y++) {
      for (let x = bounds[0][0], i = (z * size + y) * size + x; x <= bounds[0][1]; x++, i++) {
        const wx = (x - middle) * voxelMm, wy = (y - middle) * voxelMm, wz = (z - middle) * voxelMm;
        share[i] = Math.max(share[i], dilution * insideShare(tubeDistance(wx, wy, wz, line, 1), voxelMm));
      }
    }
  }
}
