/** Draws the slice of the first page: synthetic heads, so that no voxel of a person is published. */
import { generatePhantomSubject, PHANTOM_VERSION, phantomSpacing, scaleByPercentiles } from "../../lib/dataset/mod.ts";
import type { Volume } from "../../lib/geometry.ts";
import { encodeGreyPng, enlarge, type Picture, takeSlice } from "../../lib/report/mod.ts";
import type { PhantomScene, ScenePicture } from "../data/phantom_scene.ts";

/** What is drawn. */
export interface SceneOptions {
  /** Seed of the cohort, and which of its heads is shown. */
  readonly seed: number;
  readonly index: number;
  /** Voxels per edge of the head that is shown. */
  readonly size: number;
  /** Axial slice. */
  readonly slice: number;
  /** Voxels per edge of the heads that are averaged; divides `size`. */
  readonly templateSize: number;
  readonly templateHeads: number;
  readonly blockSize: number;
}

/** Voxels of 1 mm in blocks of 8, as the paper has them. */
export const SCENE: SceneOptions = {
  seed: 1,
  index: 5,
  size: 192,
  slice: 100,
  templateSize: 64,
  templateHeads: 8,
  blockSize: 8,
};

const SEQUENCES = ["flair", "t1", "t1c", "t2"] as const;

/** Changes whenever the pictures do. */
export function sceneKey(options: SceneOptions): string {
  return JSON.stringify({ phantom: PHANTOM_VERSION, ...options });
}

/** Addresses and sizes of the pictures, and the pictures themselves by address. */
export interface RenderedScene {
  readonly scene: PhantomScene;
  readonly pictures: readonly { readonly file: string; readonly png: Uint8Array }[];
}

/** Draws the head in every sequence, and for each sequence the mean of other heads. */
export function renderScene(options: SceneOptions): RenderedScene {
  const { size, templateSize, templateHeads, blockSize } = options;
  const head = slicesOf({ ...options, lesion: "tumour" });
  const { left, top, width, height } = frameOf(head, blockSize);
  const crop = (picture: Picture): Picture => cropPicture(picture, { left, top, width, height });
  const others = Array.from({ length: templateHeads }, (_, i) => {
    const slice = Math.floor(options.slice * templateSize / size);
    return slicesOf({ ...options, index: options.index + 1 + i, size: templateSize, slice, lesion: "none" });
  });
  const templates = SEQUENCES.map((_, s) => {
    const mean = meanPicture(others.map((slices) => slices[s]));
    return enlarge(mean, { scale: size / templateSize, interpolation: "bilinear" });
  });
  const drawn = [...draw("head", head.map(crop)), ...draw("template", templates.map(crop))];
  const half = SEQUENCES.length;
  const scene = {
    width,
    height,
    pixelMm: phantomSpacing(size),
    blockSize,
    sequences: drawn.slice(0, half).map(({ picture }) => picture),
    templates: drawn.slice(half).map(({ picture }) => picture),
    templateHeads,
  };
  return { scene, pictures: drawn.map(({ picture: { file }, png }) => ({ file, png })) };
}

function draw(folder: string, pictures: readonly Picture[]): { picture: ScenePicture; png: Uint8Array }[] {
  return pictures.map((picture, s) => ({
    picture: { modality: SEQUENCES[s], file: `/data/phantom/${folder}-${SEQUENCES[s]}.png` },
    png: encodeGreyPng(picture),
  }));
}

/** The slice in every sequence; percentiles 1 and 99 of the head become 0 and 1. */
function slicesOf(
  { seed, index, size, slice, lesion }: Pick<SceneOptions, "seed" | "index" | "size" | "slice"> & {
    lesion: "tumour" | "none";
  },
): Picture[] {
  const { images } = generatePhantomSubject({ seed, index, size, modalities: SEQUENCES, lesion });
  return images.map(({ volume }) => takeSlice(scaled(volume), { plane: "axial", index: slice }));
}

function scaled({ data, size }: Volume): { data: Float32Array; size: Volume["size"] } {
  const inside = data.filter((value) => value > 0);
  const scale = scaleByPercentiles(inside, { lower: 1, upper: 99, clip: true });
  let next = 0;
  return { data: data.map((value) => value > 0 ? scale[next++] : 0), size };
}

function meanPicture(pictures: readonly Picture[]): Picture {
  const pixels = new Float32Array(pictures[0].pixels.length);
  for (const picture of pictures) picture.pixels.forEach((value, i) => pixels[i] += value / pictures.length);
  return { ...pictures[0], pixels };
}

/** A part of a picture. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The smallest frame of whole blocks about what is brighter than nothing. */
function frameOf(pictures: readonly Picture[], blockSize: number): Frame {
  const { width, height } = pictures[0];
  const lit = (i: number): boolean => pictures.some(({ pixels }) => pixels[i] > 0);
  const columns: number[] = [], rows: number[] = [];
  for (let i = 0; i < width * height; i++) {
    if (!lit(i)) continue;
    columns.push(i % width);
    rows.push(Math.floor(i / width));
  }
  const [left, wide] = wholeBlocks(columns, { limit: width, blockSize });
  const [top, high] = wholeBlocks(rows, { limit: height, blockSize });
  return { left, top, width: wide, height: high };
}

function wholeBlocks(
  positions: readonly number[],
  { limit, blockSize }: { limit: number; blockSize: number },
): [start: number, length: number] {
  const first = positions.reduce((a, b) => Math.min(a, b)), last = positions.reduce((a, b) => Math.max(a, b));
  const length = Math.min(limit, blockSize * Math.ceil((last + 1 - first + 4) / blockSize));
  const start = Math.round((first + last + 1 - length) / 2);
  return [Math.min(Math.max(start, 0), limit - length), length];
}

function cropPicture({ width, pixels }: Picture, frame: Frame): Picture {
  const out = new Float32Array(frame.width * frame.height);
  for (let row = 0; row < frame.height; row++) {
    const start = (frame.top + row) * width + frame.left;
    out.set(pixels.subarray(start, start + frame.width), row * frame.width);
  }
  return { width: frame.width, height: frame.height, pixels: out };
}
