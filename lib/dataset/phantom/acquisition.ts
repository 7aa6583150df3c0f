/** How one modality of a subject is acquired: slices, coil, signal-to-noise ratio, distortion and registration. */
import type { Random } from "../../random.ts";
import type { Modality } from "../modality.ts";
import { phantomSpacing } from "./grid.ts";
import type { Protocol } from "./protocol.ts";
import { drawRigidError, type RigidError } from "./registration.ts";
import type { SliceStack } from "./slices.ts";

/** Everything about an image but its contrast. */
export interface Acquisition {
  /** Thick ones of a 2-D acquisition, or the voxels of the cube themselves. */
  readonly slices: SliceStack;
  /** Non-uniformity of transmission and reception, see `BiasOptions`. */
  readonly bias: { readonly amplitude: number; readonly shading: number };
  /** Signal of grey matter over the noise's SD. */
  readonly snr: number;
  /** What registration to the other modalities leaves. */
  readonly error: RigidError;
  /** Largest displacement (mm) next to air-filled bone; 0 unless echo-planar. */
  readonly echoPlanarPeakMm: number;
}

/** Share of 2-D acquisitions, signal-to-noise ratio, and the share of 2-D slices that are axial, by modality. */
const HABITS: Readonly<Record<Modality, { readonly flat: number; readonly snr: readonly [number, number] }>> = {
  flair: { flat: 0.75, snr: [18, 40] },
  t1: { flat: 0, snr: [20, 45] },
  t1c: { flat: 0, snr: [20, 45] },
  t2: { flat: 0.8, snr: [22, 50] },
  pd: { flat: 0.8, snr: [22, 50] },
  mra: { flat: 0, snr: [14, 28] },
  dwi: { flat: 1, snr: [11, 22] },
  adc: { flat: 1, snr: [11, 22] },
};

/** Draws how a modality is acquired. A T1-weighted spin echo is 2-D, a gradient echo 3-D. */
export function drawAcquisition(random: Random, { modality, protocol, size }: {
  modality: Modality;
  protocol: Protocol;
  size: number;
}): Acquisition {
  const { flat, snr } = HABITS[modality];
  const spinEcho = (modality === "t1" || modality === "t1c") && protocol[modality].kind === "spinEcho";
  const echoPlanar = modality === "dwi" || modality === "adc";
  const is2d = random.uniform() < flat || spinEcho;
  return {
    slices: drawSlices(random, { is2d, axial: echoPlanar, voxelMm: phantomSpacing(size) }),
    bias: { amplitude: random.between(0.05, 0.15), shading: 0.6 * random.normal() },
    snr: random.between(snr[0], snr[1]),
    error: drawRigidError(random),
    echoPlanarPeakMm: echoPlanar ? random.choose([-1, 1]) * random.between(1.5, 3) : 0,
  };
}

/** Slices of 3–6 mm with a gap of up to 20 %, mostly axial; one voxel thick ones without gap in 3-D. */
function drawSlices(random: Random, { is2d, axial, voxelMm }: {
  is2d: boolean;
  axial: boolean;
  voxelMm: number;
}): SliceStack {
  const thickness = random.between(3, 6) / voxelMm, gap = random.between(0, 0.2);
  const axis = axial || random.uniform() < 0.7 ? 2 : random.choose([0, 1] as const);
  const phase = random.uniform();
  // The voxels are themselves averages over their edge: squared widths add up, and thinner slices cannot be told.
  if (!is2d || thickness <= 1) return { axis, thickness: 1, pitch: 1, offset: 0 };
  const pitch = thickness * (1 + gap);
  return { axis, thickness: Math.sqrt(thickness ** 2 - 1), pitch, offset: phase * pitch };
}
