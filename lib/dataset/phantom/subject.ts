/** One phantom subject: anatomy once, then one image per modality. */
import type { Volume } from "../../geometry.ts";
import { randomStream } from "../../random.ts";
import { canonicalModality, type Modality } from "../modality.ts";
import { Deformation } from "./deformation.ts";
import { FoldingPattern } from "./folding.ts";
import { phantomAffine } from "./grid.ts";
import { drawLesion, growInfarct, growTumour, PHANTOM_LESIONS, type PhantomLesion } from "./lesion.ts";
import { drawMorphometry, type Morphometry } from "./morphometry.ts";
import { drawProtocol, type Protocol } from "./protocol.ts";
import { renderModality } from "./render.ts";
import { mapTissues } from "./tissue_map.ts";
import { drawVessels, fillVessels, VESSEL_TISSUES } from "./vessels.ts";

/** Which phantom to generate. */
export interface PhantomSubjectOptions {
  /** Seed of the cohort. */
  readonly seed: number;
  /** Number of the subject in the cohort; every index is another person on another scanner. */
  readonly index: number;
  /** Voxels per edge of the cube, at least 16. */
  readonly size: number;
  /** Names of modalities, canonical or aliases. An image does not depend on which others are asked for. */
  readonly modalities: readonly string[];
  /** What is wrong with the brain. */
  readonly lesion: PhantomLesion;
}

/** A generated subject. */
export interface PhantomSubject {
  /** Images on one grid, in the order asked for. Whole numbers, ≥ 1 where it shows the brain, exactly 0 elsewhere. */
  readonly images: readonly { readonly modality: Modality; readonly volume: Volume }[];
  /** `TUMOUR_LABELS` or `STROKE_LABEL`; null without a lesion. */
  readonly label: Volume | null;
  /** The measures of the head. */
  readonly morphometry: Morphometry;
  /** The settings of the scanner. */
  readonly protocol: Protocol;
}

/**
 * Generates one subject: a pure function of its options.
 *
 * All modalities show the same anatomy, each with its own contrast, slices, bias field, noise and residual error of
 * registration; an angiogram covers part of the head. Intensities are magnitudes in
 * arbitrary scanner units (grey matter at 300–800), except `adc`, which is in 10⁻⁶ mm²/s.
 *
 * The arithmetic is that of IEEE doubles; only the last bit of `Math.sin`, `Math.exp` and their like may differ between
 * JavaScript engines, which rounding to whole numbers hides in all but a few voxels.
 *
 * @throws {RangeError} when the size, a modality or the lesion is not one that can be generated
 */
export function generatePhantomSubject(options: PhantomSubjectOptions): PhantomSubject {
  const { seed, index, size, lesion } = options;
  const modalities = checkOptions(options);
  const stream = (purpose: string): ReturnType<typeof randomStream> => randomStream(seed, `phantom ${purpose}`, index);
  const morphometry = drawMorphometry(stream("morphometry"));
  const protocol = drawProtocol(stream("protocol"));
  const folds = new FoldingPattern(stream("folding"), morphometry.foldWavelengthMm);
  const deformation = new Deformation(stream("deformation"), { size, morphometry });
  const lesionRandom = stream("lesion");
  const plan = lesion === "none" ? null : drawLesion(lesionRandom, { kind: lesion, deformation });
  if (plan && lesion === "tumour") {
    deformation.pushAway({ centre: plan.centre, radiusMm: plan.radiusMm, share: plan.massShare });
  }
  const tissues = mapTissues(deformation, { morphometry, folds, random: stream("myelination") });
  for (const tissue of VESSEL_TISSUES) {
    fillVessels(tissues, { vessels: drawVessels(stream(tissue), { tissue, deformation }), tissue });
  }
  const grow = lesion === "tumour" ? growTumour : growInfarct;
  const label = plan && grow(tissues, { plan, random: lesionRandom });
  const volume = (data: Float32Array): Volume => ({ data, size: [size, size, size], affine: phantomAffine(size) });
  const inside = new Float32Array(size ** 3);
  for (const i of tissues.voxels) inside[i] = 1;
  const scene = { tissues, inside, deformation, protocol, stream };
  const images = modalities.map((modality) => ({ modality, volume: volume(renderModality(scene, modality)) }));
  return { images, label: label && volume(label), morphometry, protocol };
}

function checkOptions({ size, modalities, lesion }: PhantomSubjectOptions): Modality[] {
  if (!Number.isSafeInteger(size) || size < 16 || size > 512) {
    throw new RangeError(`Cannot generate phantom: expected a size of 16 to 512 voxels, got ${size}`);
  }
  if (!PHANTOM_LESIONS.includes(lesion)) {
    throw new RangeError(
      `Cannot generate phantom: expected a lesion of ${PHANTOM_LESIONS.join(", ")}, got "${lesion}"`,
    );
  }
  return modalities.map(canonicalModality);
}
