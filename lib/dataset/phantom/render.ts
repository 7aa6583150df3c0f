/** From tissues to one image of a modality: signal, slices, coil, noise, and the rest that registration leaves. */
import type { Random } from "../../random.ts";
import type { Modality } from "../modality.ts";
import { type Acquisition, drawAcquisition } from "./acquisition.ts";
import { addRicianNoise, applyBias } from "./artefacts.ts";
import type { Deformation } from "./deformation.ts";
import { phantomSpacing } from "./grid.ts";
import { type Protocol, tissueSignals, unweightedDiffusionSignals } from "./protocol.ts";
import { echoPlanarShift, misregister } from "./registration.ts";
import { type AngiographySlabs, drawAngiographySlabs, relativeFlipAngle } from "./slab.ts";
import { acquireSlices } from "./slices.ts";
import { smoothField } from "./smooth_field.ts";
import type { TissueMap } from "./tissue_map.ts";
import { TISSUES } from "./tissues.ts";

/** What is common to all images of a subject. */
export interface Scene {
  readonly tissues: TissueMap;
  readonly deformation: Deformation;
  readonly protocol: Protocol;
  /** 1 at the brain's voxels, 0 elsewhere; `size`³. */
  readonly inside: Float32Array;
  /** Opens the subject's stream for a purpose. */
  readonly stream: (purpose: string) => Random;
}

const GREY = TISSUES.indexOf("grey"), INT16_MAX = 32767;

/**
 * One image of the cube, x fastest: whole numbers, at least 1 where the modality shows the brain, 0 elsewhere.
 *
 * Intensities are magnitudes in arbitrary scanner units (grey matter at 300–800), those of `adc` 10⁻⁶ mm²/s.
 */
export function renderModality(scene: Scene, modality: Modality): Float32Array {
  const { tissues, inside, stream } = scene, { size, voxels } = tissues;
  const random = stream(modality);
  // Both diffusion images come from one series.
  const settings = modality === "dwi" || modality === "adc" ? stream("diffusion series") : random;
  const acquisition = drawAcquisition(settings, { modality, protocol: scene.protocol, size });
  const acquired = modality === "adc"
    ? adcMap(scene, { random, acquisition })
    : weightedImage(scene, { modality, random, acquisition });
  const { error, keptShare, echoPlanarPeakMm: peakMm } = acquisition;
  const shiftMm = peakMm === 0 ? null : echoPlanarShift(tissues, { deformation: scene.deformation, peakMm });
  const values = misregister(acquired, { tissues, inside, error, shiftMm, keptShare });
  const image = new Float32Array(size ** 3);
  // At least 1, so that 0 marks what is missing in every modality; at most what a file of 16 bits holds.
  for (let n = 0; n < voxels.length; n++) {
    if (values[n] > 0) image[voxels[n]] = Math.max(1, Math.min(INT16_MAX, Math.round(values[n])));
  }
  return image;
}

interface Rendering {
  readonly random: Random;
  readonly acquisition: Acquisition;
}

function weightedImage(
  scene: Scene,
  { modality, random, acquisition }: Rendering & { modality: Exclude<Modality, "adc"> },
): Float32Array {
  const { tissues, protocol } = scene;
  const reference = tissueSignals(protocol, modality)[GREY], gain = random.between(300, 800) / reference;
  const ideal = modality === "mra"
    ? angiogram(scene, drawAngiographySlabs(random))
    : mixSignals(tissues, tissueSignals(protocol, modality));
  const values = sliced(ideal, { scene, acquisition });
  for (let n = 0; n < values.length; n++) values[n] *= gain;
  applyBias(values, { random, size: tissues.size, voxels: tissues.voxels, ...acquisition.bias });
  addRicianNoise(values, { random, sigma: gain * reference / acquisition.snr });
  // What no slab covers has not been imaged: not even noise is there.
  return modality === "mra" ? values.map((value, n) => ideal[n] > 0 ? value : 0) : values;
}

function sliced(
  values: Float32Array,
  { scene: { tissues, inside }, acquisition: { slices } }: { scene: Scene; acquisition: Acquisition },
): Float32Array {
  return slices ? acquireSlices(values, { tissues, inside, stack: slices }) : values.slice();
}

/** Signals of an angiography, whose flip angle differs from plane to plane; 0 where no slab reaches. */
function angiogram({ tissues, protocol }: Scene, slabs: AngiographySlabs): Float32Array {
  const { size } = tissues, { mra } = protocol;
  const planes = Array.from({ length: size }, (_, k) => {
    const factor = relativeFlipAngle((k - (size - 1) / 2) * phantomSpacing(size), slabs);
    return tissueSignals({ ...protocol, mra: { ...mra, flipAngle: factor * mra.flipAngle } }, "mra");
  });
  return mixSignals(tissues, (voxel) => planes[Math.floor(voxel / size ** 2)]);
}

/** SD of the smooth variation of diffusivity within a tissue, as a share of it (fibre density, perfusion, age). */
const DIFFUSIVITY_SD = 0.06;

/** ADC in 10⁻⁶ mm²/s from two noisy acquisitions, as a scanner computes it; the bias field cancels. */
function adcMap(scene: Scene, { random, acquisition }: Rendering): Float32Array {
  const { tissues, protocol } = scene, { b } = protocol.diffusion, { size, voxels } = tissues;
  const weighted = tissueSignals(protocol, "dwi");
  const sigma = weighted[GREY] / acquisition.snr;
  const [s0, sb] = [unweightedDiffusionSignals(protocol), weighted].map((signals) => {
    const values = sliced(mixSignals(tissues, signals), { scene, acquisition });
    addRicianNoise(values, { random, sigma });
    return values;
  });
  const variation = smoothField(random, { size, voxels, controls: 15 });
  return s0.map((value, n) => {
    const adc = Math.log(value / sb[n]) / b * (1 + DIFFUSIVITY_SD * variation[n]);
    return 1000 * Math.max(0.001, Math.min(4, adc));
  });
}

/** Signals add up within a voxel: partial volume. */
function mixSignals(
  { voxels, fractions }: TissueMap,
  signals: Float64Array | ((voxel: number) => Float64Array),
): Float32Array {
  const values = new Float32Array(voxels.length), kinds = TISSUES.length;
  for (let n = 0, row = 0; n < values.length; n++, row += kinds) {
    const signal = typeof signals === "function" ? signals(voxels[n]) : signals;
    let sum = 0;
    for (let k = 0; k < kinds; k++) sum += fractions[row + k] * signal[k];
    values[n] = sum;
  }
  return values;
}
