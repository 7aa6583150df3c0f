/** Hides blocks of a head and lets the small network rebuild them; the same numbers in a web worker and in Deno. */
import {
  centreSample,
  generatePhantomSubject,
  preprocessSubject,
  readNifti,
  type Sample,
  type SubjectImage,
} from "../../lib/dataset/mod.ts";
import { CheckpointError } from "../../lib/errors.ts";
import { type Triple, voxelCount } from "../../lib/geometry.ts";
import { decodeSafetensors } from "../../lib/interop/mod.ts";
import { drawBlockMask } from "../../lib/masking/mod.ts";
import { maskedSquaredError, psnr } from "../../lib/metrics/mod.ts";
import { buildPretrainModel, loadWeights, MODEL_PRESETS, type PretrainModel } from "../../lib/model/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { takeValues, type Tensor5D, tf } from "../../lib/tensor/mod.ts";
import type { DemoModel, DemoPhantom } from "../data/demo_model.ts";

/** A head on the network's grid. */
export interface Head {
  readonly name: string;
  readonly sample: Sample;
  /** Number among held-out subjects, from which masks are drawn. */
  readonly number: number;
  /** True where the network knows this kind of image. */
  readonly synthetic: boolean;
}

/** What to do with a head. */
export interface RebuildRequest {
  /** Sequence to rebuild. */
  readonly target: string;
  /** What fills hidden blocks: another sequence of the head, or `template`. */
  readonly fill: string;
  /** Share of the blocks that is hidden. */
  readonly maskRatio: number;
  readonly seed: number;
}

/** Volumes of the network's grid, x fastest, and scores in the hidden blocks. */
export interface Rebuilt {
  readonly size: Triple;
  readonly spacingMm: Triple;
  readonly truth: Float32Array<ArrayBuffer>;
  readonly mosaic: Float32Array<ArrayBuffer>;
  readonly rebuilt: Float32Array<ArrayBuffer>;
  /** |rebuilt − truth|. */
  readonly error: Float32Array<ArrayBuffer>;
  /** 1 = hidden. */
  readonly mask: Float32Array<ArrayBuffer>;
  /** dB. */
  readonly psnr: number;
  readonly mosaicPsnr: number;
}

/** A scan as it was dropped on the page. */
export interface ScanFile {
  readonly name: string;
  readonly modality: string;
  readonly bytes: Uint8Array;
}

/** The head that the page makes itself. */
export function phantomHead(model: DemoModel): Head {
  const { id, heldOut, ...options }: DemoPhantom = model.phantom;
  const images = generatePhantomSubject(options).images.map((image) => ({ ...image, file: id }));
  return { name: id, sample: prepare(images, { name: id, model, spacingMm: null }), number: heldOut, synthetic: true };
}

/**
 * Prepares scans of one head: RAS+, the network's voxel size, foreground, percentiles, centre crop.
 *
 * @throws {VolumeError} when a file is not a NIfTI image that can be read, or is empty of foreground
 * @throws {DatalistError} when the scans are not on one grid
 */
export async function headOfScans(scans: readonly ScanFile[], model: DemoModel): Promise<Head> {
  const images: SubjectImage[] = [];
  for (const { name, modality, bytes } of scans) {
    images.push({ modality, file: name, volume: await readNifti(bytes, name) });
  }
  const name = scans.map((scan) => scan.name).join(", ");
  return { name, sample: prepare(images, { name, model, spacingMm: model.spacingMm }), number: 0, synthetic: false };
}

function prepare(
  images: readonly SubjectImage[],
  { name, model, spacingMm }: { name: string; model: DemoModel; spacingMm: Triple | null },
): Sample {
  const { lowerPercentile, upperPercentile, cropSize, templateSize } = model;
  const stack = preprocessSubject(images, { spacingMm, lowerPercentile, upperPercentile });
  return centreSample(stack, { subject: name, cropSize, templateSize });
}

/** Bytes of the model's files. */
export interface RebuilderFiles {
  readonly weights: Uint8Array;
  /** NIfTI of every template. */
  readonly templates: Readonly<Record<string, Uint8Array>>;
}

/** The network and the templates, ready. */
export class Rebuilder {
  readonly #model: DemoModel;
  readonly #network: PretrainModel;
  readonly #templates: ReadonlyMap<string, Float32Array>;

  private constructor(model: DemoModel, network: PretrainModel, templates: ReadonlyMap<string, Float32Array>) {
    this.#model = model;
    this.#network = network;
    this.#templates = templates;
  }

  /**
   * Builds the network on the backend in use and puts the weights in.
   *
   * @throws {CheckpointError} when a weight that rebuilding uses is missing
   */
  static async open(model: DemoModel, { weights, templates }: RebuilderFiles): Promise<Rebuilder> {
    const { weights: file } = model.files;
    const network = buildPretrainModel(MODEL_PRESETS[model.model], { seed: model.seed });
    const { tensors } = decodeSafetensors(weights, file);
    const named = [...tensors].map(([name, { shape, data }]) => ({ name, shape, read: () => Promise.resolve(data) }));
    const { missing, mismatched } = await loadWeights(network.parameters, named, { file });
    // The file leaves out what only segmentation uses, and counts of batches.
    const lost = [...missing, ...mismatched].find(({ name }) => !/conv_block|proj1|num_batches/.test(name));
    if (lost !== undefined) {
      throw new CheckpointError(`Cannot use ${file}: expected "${lost.name}", found none that fits`);
    }
    const volumes = new Map<string, Float32Array>();
    for (const [modality, bytes] of Object.entries(templates)) {
      const { data } = await readNifti(bytes, `template ${modality}`);
      volumes.set(modality, data.map((value) => value / 255));
    }
    return new Rebuilder(model, network, volumes);
  }

  /** Hides blocks, fills them, and rebuilds the sequence. */
  async rebuild({ sample, number }: Head, request: RebuildRequest): Promise<Rebuilt> {
    const { cropSize: size, modalities } = sample;
    const channel = modalities.indexOf(request.target);
    const truth = channelOf(sample, channel);
    const fill = request.fill === "template"
      ? this.#templateUnder(sample, request.target)
      : channelOf(sample, modalities.indexOf(request.fill));
    const mask = drawBlockMask({
      size: [size[2], size[1], size[0]],
      blockSize: this.#model.blockSize,
      maskRatio: request.maskRatio,
      // The stream of a validation: at the run's own seed and ratio the hidden blocks are those that it was scored on.
      random: randomStream(request.seed, "validation mask", number, channel),
    });
    const mosaic = truth.map((value, i) => mask[i] === 0 ? value : fill[i]);
    const rebuilt = await this.#forward(mosaic, size);
    return {
      size,
      spacingMm: this.#model.spacingMm,
      truth,
      mosaic,
      rebuilt,
      error: rebuilt.map((value, i) => Math.abs(value - truth[i])),
      mask: new Float32Array(mask),
      psnr: psnr(maskedSquaredError(rebuilt, truth, mask)),
      mosaicPsnr: psnr(maskedSquaredError(mosaic, truth, mask)),
    };
  }

  async #forward(mosaic: Float32Array, [width, height, depth]: Triple): Promise<Float32Array<ArrayBuffer>> {
    const values = await takeValues(tf.tidy(() => {
      const input = tf.tensor(mosaic, [1, depth, height, width, 1]) as Tensor5D;
      return this.#network.forward(input, { training: false }).reconstruction;
    }));
    return new Float32Array(values);
  }

  /** The part of a template that lies under the crop; zero past its end. */
  #templateUnder({ cropSize, templateStart }: Sample, modality: string): Float32Array {
    const template = this.#templates.get(modality)!;
    const [width, height, depth] = this.#model.templateSize;
    const window = new Float32Array(voxelCount(cropSize));
    let i = 0;
    for (let z = templateStart[2]; z < templateStart[2] + cropSize[2]; z++) {
      for (let y = templateStart[1]; y < templateStart[1] + cropSize[1]; y++) {
        for (let x = templateStart[0]; x < templateStart[0] + cropSize[0]; x++, i++) {
          const inside = x >= 0 && y >= 0 && z >= 0 && x < width && y < height && z < depth;
          if (inside) window[i] = template[(z * height + y) * width + x];
        }
      }
    }
    return window;
  }

  /** Frees the network. */
  dispose(): void {
    this.#network.dispose();
  }
}

function channelOf({ voxels, cropSize }: Sample, channel: number): Float32Array<ArrayBuffer> {
  const length = voxelCount(cropSize);
  return voxels.slice(channel * length, (channel + 1) * length);
}
