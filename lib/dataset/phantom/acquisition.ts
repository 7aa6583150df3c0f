/** How one modality of a subject is acquired: slices, coil, signal-to-noise ratio, distortion and registration. */
import type { Random } from "../../random.ts";
import type { Modality } from "../modality.ts";
import { phantomSpacing } from "./grid.ts";
import type { Protocol } from "./protocol.ts";
import { drawRigidError, type RigidError } from "./registration.ts";
import type { SliceStack } from "./slices.ts";

/** Everything about an image but its contrast. */
export interface Acquisition {
  /** Slices of a 2-D acquisition; null in 3-D, and where slices are no thicker than the voxels. */
  readonly slices: SliceStack | null;
  /** Non-uniformity of transmission and reception, see `BiasOptions`. */
  readonly bias: { readonly amplitude: number; readonly shading: number };
  /** Signal of grey matter over the noise's SD. */
  readonly snr: number;
  /** What registration to the other modalities leaves. */
  readonly error: RigidError;
  /** Share of a voxel at the edge that must be brain for the modality to show it: how tightly its skull was stripped. */
  readonly keptShare: number;
  /** Largest displacement (mm) next to air-filled bone; 0 unless echo-planar. */
  readonly echoPlanarPeakMm: number;
}

/** Share of 2-D acquisitions and range of signal-to-noise ratios by modality; the sequence of t1 and t1c decides theirs. */
const HABITS: Readonly<Record<Modality, { readonly flat: number; readonly snr: readonly [number, number] }>> = {
  flair: { flat: 0.75, snr: [18, 40] },
  t1: { flat: 0, snr: [20, 45] },
  t1c: { flat: 0, snr: [20, 45] },
  t2: { flat: 0.8, snr: [22, 50] },
  pd: { flat: 0.8, snr: [22, 50] },
  mra: { flat: 0, snr: [14, 28] },
  dwi: { flat: 1, snr: [11, 20] },
  adc: { flat: 1, snr: [11, 20] },
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
  const slices = drawSlices(random, { axial: echoPlanar, voxelMm: phantomSpacing(size) });
  return {
    slices: random.uniform() < flat || spinEcho ? slices : null,
    bias: { amplitude: random.between(0.05, echoPlanar ? 0.2 : 0.15), shading: 0.6 * random.normal() },
    snr: random.between(snr[0], snr[1]),
    error: drawRigidError(random),
    keptShare: random.between(0.5, 0.92),
    echoPlanarPeakMm: echoPlanar ? random.choose([-1, 1]) * random.between(1.5, 3) : 0,
  };
}

/**
 * Slices of 3–6 mm with a gap of up to 20 %, mostly axial.
 *
 * @see Menze et al., IEEE Trans Med Imaging 34:1993 (2015), on the imaging data
 */
function drawSlices(random: Random, { axial, voxelMm }: { axial: boolean; voxelMm: number }): SliceStack | null {
  const thickness = random.between(3, 6) / voxelMm, gap = random.between(0, 0.2), phase = random.uniform();
  const axis = axial || random.uniform() < 0.7 ? 2 : random.choose([0, 1] as const);
  if (thickness <= 1) return null;
  const pitch = thickness * (1 + gap);
  // The voxels are themselves averages over their edge, and squared widths add up.
  return { axis, thickness: Math.sqrt(thickness ** 2 - 1), pitch, offset: phase * pitch };
}
