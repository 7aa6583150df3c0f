/** The deterministic pipeline: by hand on small volumes, and against MONAI on real scans where they are at hand. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { centredForegroundBox, cropStack } from "../../lib/dataset/crop.ts";
import { readNifti, readStoredNifti } from "../../lib/dataset/nifti.ts";
import { scaleByPercentiles } from "../../lib/dataset/normalize.ts";
import { toRas } from "../../lib/dataset/orient.ts";
import {
  checkSameGrid,
  DEFAULT_PREPROCESS,
  type PreprocessOptions,
  preprocessStored,
  preprocessSubject,
  type SubjectImage,
} from "../../lib/dataset/preprocess.ts";
import { resampleToSpacing } from "../../lib/dataset/resample.ts";
import { DatalistError, VolumeError } from "../../lib/errors.ts";
import { type Affine, type Triple, type Volume, type VolumeStack, voxelCount } from "../../lib/geometry.ts";
import { randomStream } from "../../lib/random.ts";
import { buildNifti, STORED_TYPES } from "./_nifti_file.ts";
import golden from "../golden/preprocess.json" with { type: "json" };

const IDENTITY: Affine = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];

function image(file: string, volume: Partial<Volume> & { values?: readonly number[] }): SubjectImage {
  const { size = [4, 1, 1], affine = IDENTITY, values = [0, 1, 2, 0] } = volume;
  return { modality: file.split(".")[0], file, volume: { data: Float32Array.from(values), size, affine } };
}

Deno.test("preprocessSubject() orients, resamples, crops and scales by hand-computed values", () => {
  // 2 mm voxels stored from right to left; in RAS order t1 reads 0 0 2 4 0 0, at 1 mm 0 0 0 1 2 3 4 2 0 0 0.
  const affine: Affine = [[-2, 0, 0, 10], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]];
  const size: Triple = [6, 1, 1];
  const stack = preprocessSubject([
    image("t1.nii", { size, affine, values: [0, 0, 4, 2, 0, 0] }),
    image("t2.nii", { size, affine, values: [0, 0, 0, 8, 0, 0] }),
  ], { spacingMm: [1, 1, 1], lowerPercentile: 0, upperPercentile: 100 });
  deepStrictEqual(stack.modalities, ["t1", "t2"]);
  deepStrictEqual(stack.size, [5, 1, 1]);
  deepStrictEqual(stack.channels.map((data) => [...data]), [[0, 1 / 3, 2 / 3, 1, 1 / 3].map(Math.fround), [
    0.5,
    1,
    0.5,
    0,
    0,
  ]]);
  deepStrictEqual(stack.affine[0], [1, 0, 0, 3]);
});

Deno.test("preprocessSubject() clips to [0, 1] beyond the percentiles", () => {
  const stack = preprocessSubject([image("t1.nii", { size: [5, 1, 1], values: [1, 2, 3, 4, 5] })], {
    spacingMm: null,
    lowerPercentile: 25,
    upperPercentile: 75,
  });
  deepStrictEqual([...stack.channels[0]], [0, 0, 0.5, 1, 1]);
});

Deno.test("preprocessSubject() crops a second time when scaling has emptied the rim", () => {
  const values = [1, 1, 5, 9, 7, 1, 1];
  const stack = preprocessSubject([image("t1.nii", { size: [7, 1, 1], values })], {
    spacingMm: null,
    lowerPercentile: 0,
    upperPercentile: 100,
  });
  deepStrictEqual([...stack.channels[0]], [0.5, 1, 0.75]);
  deepStrictEqual(stack.affine[0], [1, 0, 0, 2]);
});

Deno.test("preprocessSubject() keeps the scans' own grid when spacingMm is null", () => {
  const affine: Affine = [[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]];
  const stack = preprocessSubject([image("t1.nii", { affine })], { ...DEFAULT_PREPROCESS, spacingMm: null });
  deepStrictEqual(stack.size, [2, 1, 1]);
  deepStrictEqual(stack.affine[0], [3, 0, 0, 3]);
});

Deno.test("preprocessSubject() uses the first affine for all when they differ by rounding", () => {
  const nudged = IDENTITY.map((row, r) => (r === 0 ? [1.000001, 0, 0, 0] : row));
  const stack = preprocessSubject([image("t1.nii", {}), image("t2.nii", { affine: nudged })]);
  deepStrictEqual(stack.affine[0], [1, 0, 0, 1]);
});

Deno.test("preprocessSubject() refuses no images, no foreground and constant images, and names the files", () => {
  throws(() => preprocessSubject([]), {
    name: "DatalistError",
    message: "Cannot preprocess subject: expected at least one image, got none",
  });
  const dark = [image("t1.nii", { values: [0, 0, 0, 0] }), image("t2.nii", { values: [0, -1, 0, 0] })];
  throws(() => preprocessSubject(dark), (error) => {
    strictEqual(error instanceof VolumeError, true);
    strictEqual((error as Error).message, "Cannot read t1.nii, t2.nii: expected voxels above 0, got none");
    return true;
  });
  throws(() => preprocessSubject([image("t1.nii", { values: [6, 6, 6, 6] })]), {
    name: "VolumeError",
    message: "Cannot read t1.nii: expected voxels above their percentile 5, got none",
  });
});

Deno.test("checkSameGrid() accepts equal grids and affines that differ by rounding", () => {
  const size: Triple = [3, 4, 5];
  checkSameGrid([]);
  checkSameGrid([
    { file: "a.nii", size, affine: IDENTITY },
    { file: "b.nii", size, affine: [[1.000009, 0, 0, 1e-9], ...IDENTITY.slice(1)] },
  ]);
});

Deno.test("checkSameGrid() names both files, both shapes or affines, and the way out", () => {
  const a = { file: "a.nii", size: [3, 4, 5] as const, affine: IDENTITY };
  const advice = "register and resample the scans of a subject to one grid first";
  throws(() => checkSameGrid([a, a, { ...a, file: "b.nii", size: [3, 5, 4] }]), (error) => {
    strictEqual(error instanceof DatalistError, true);
    strictEqual(
      (error as Error).message,
      `Cannot stack a.nii and b.nii: expected one voxel grid, got shapes [3, 4, 5] and [3, 5, 4]; ${advice}`,
    );
    return true;
  });
  const moved = [[1, 0, 0, 0.1], ...IDENTITY.slice(1)];
  throws(() => checkSameGrid([a, { ...a, file: "b.nii", affine: moved }]), {
    name: "DatalistError",
    message: "Cannot stack a.nii and b.nii: expected one voxel grid, got affines " +
      "[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]] and [[1, 0, 0, 0.1], [0, 1, 0, 0], [0, 0, 1, 0]]; " + advice,
  });
  throws(() => preprocessSubject([image("a.nii", {}), image("b.nii", { size: [2, 2, 1] })]), {
    message: /^Cannot stack a.nii and b.nii: expected one voxel grid, got shapes \[4, 1, 1\] and \[2, 2, 1\]/,
  });
});

/** One step of the reference pipeline: samples of its result; indices are (channel, x, y, z). */
interface GoldenStep {
  readonly shape_cxyz: readonly number[];
  readonly affine: Affine;
  readonly channel_mean: readonly number[];
  readonly index_cxyz: readonly (readonly number[])[];
  readonly value: readonly number[];
}

const SCANS = new URL("../../../shared/data/", import.meta.url);

function canRead(file: string): boolean {
  try {
    return Deno.statSync(new URL(file, SCANS)).isFile;
  } catch {
    return false;
  }
}

function compare(stack: VolumeStack, step: GoldenStep, what: string): void {
  const { size, channels, affine } = stack;
  deepStrictEqual([channels.length, ...size], step.shape_cxyz, `${what}: shape`);
  // The reference prints six decimals.
  const rounding = 5.1e-7;
  affine.flat().forEach((value, i) => {
    const expected = step.affine.flat()[i];
    strictEqual(Math.abs(value - expected) <= rounding, true, `${what}: affine ${value}, expected ${expected}`);
  });
  step.index_cxyz.forEach(([channel, x, y, z], i) => {
    const value = channels[channel][x + size[0] * (y + size[1] * z)];
    const expected = step.value[i];
    strictEqual(Math.abs(value - expected) <= 1e-4, true, `${what}: voxel ${value}, expected ${expected}`);
  });
  channels.forEach((data, channel) => {
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += data[i];
    const mean = sum / voxelCount(size);
    const expected = step.channel_mean[channel];
    strictEqual(Math.abs(mean - expected) <= 1e-6 * expected, true, `${what}: mean ${mean}, expected ${expected}`);
  });
}

for (const [subject, { files, steps }] of Object.entries(golden)) {
  const available = files.every(canRead);
  Deno.test({
    name: `preprocessSubject() equals MONAI step by step on ${subject}` +
      (available ? "" : " (ignored: needs read access to the scans in ../shared/data)"),
    ignore: !available,
    fn: async () => {
      const images = await Promise.all(files.map(async (file): Promise<SubjectImage> => ({
        modality: file,
        file,
        volume: await readNifti(await Deno.readFile(new URL(file, SCANS)), file),
      })));
      const { affine } = images[0].volume;
      const stackOf = (volumes: readonly Volume[]): VolumeStack => ({
        modalities: files,
        channels: volumes.map(({ data }) => data),
        size: volumes[0].size,
        affine: volumes[0].affine,
      });
      const oriented = images.map(({ volume }) => toRas({ ...volume, affine }));
      compare(stackOf(oriented), steps.orientation_ras, "orientation");
      const resampled = stackOf(
        oriented.map((volume) => resampleToSpacing(volume, { spacingMm: [1, 1, 1], interpolation: "trilinear" })),
      );
      compare(resampled, steps.spacing_1mm, "spacing");
      const box = centredForegroundBox(resampled.channels, resampled.size);
      if (box === null) throw new Error("no foreground");
      const cropped = cropStack(resampled, box);
      compare(cropped, steps.crop_foreground, "crop");
      const channels = cropped.channels.map((data) => scaleByPercentiles(data, { lower: 5, upper: 95, clip: true }));
      compare({ ...cropped, channels }, steps.percentiles_0_1, "percentiles");
      compare(preprocessSubject(images), steps.crop_foreground_again, "whole pipeline");
    },
  });
}

/** The same by the rooms' plain steps, one after another on whole float volumes. */
function plainSteps(images: readonly SubjectImage[], options: PreprocessOptions): VolumeStack {
  const { affine } = images[0].volume;
  const volumes = images.map(({ volume }) => {
    const oriented = toRas({ ...volume, affine });
    return options.spacingMm === null
      ? oriented
      : resampleToSpacing(oriented, { spacingMm: options.spacingMm, interpolation: "trilinear" });
  });
  const stack = {
    modalities: images.map(({ modality }) => modality),
    channels: volumes.map(({ data }) => data),
    size: volumes[0].size,
    affine: volumes[0].affine,
  };
  const cropped = cropStack(stack, centredForegroundBox(stack.channels, stack.size)!);
  const channels = cropped.channels.map((data) => {
    return scaleByPercentiles(data, { lower: options.lowerPercentile, upper: options.upperPercentile, clip: true });
  });
  return cropStack({ ...cropped, channels }, centredForegroundBox(channels, cropped.size)!);
}

type StoredName = keyof typeof STORED_TYPES;

/** A head in air, off centre, with some negative voxels. */
function headValues([nx, ny, nz]: readonly number[], { type, salt }: { type: StoredName; salt: number }): number[] {
  const random = randomStream(3, `stored ${type}`, salt);
  return Array.from({ length: nx * ny * nz }, (_, i) => {
    const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    const isHead = x > 1 && x < nx - 1 && y > 2 && y < ny - 1 && z > 0 && z < nz - 2;
    if (!isHead) return type.startsWith("u") || x !== 0 ? 0 : -1;
    return type.startsWith("float") ? random.uniform() * 90 - 3 : random.integer(100) + (type.startsWith("u") ? 0 : -5);
  });
}

const ORIENTATIONS: Readonly<Record<string, readonly (readonly number[])[]>> = {
  RAS: [[1, 0, 0, -4], [0, 1, 0, 2], [0, 0, 1, 0]],
  LPS: [[-1, 0, 0, 4], [0, -1, 0, 2], [0, 0, 1, 0]],
  SRP: [[0, 1, 0, 1], [0, 0, -1, 2], [1, 0, 0, 3]],
  "2 mm": [[2, 0, 0, -4], [0, -2, 0, 2], [0, 0, 2, 0]],
};

for (const [name, rows] of Object.entries(ORIENTATIONS)) {
  Deno.test(`preprocessStored() gives the bits of the plain steps for every voxel type and scale, ${name}`, async () => {
    for (const type of Object.keys(STORED_TYPES) as StoredName[]) {
      for (const [slope, intercept] of [[0, 0], [0.37, 0], [0.5, -3], [-2, 150]]) {
        const shape = [9, 8, 7];
        const files = [0, 1].map((salt) => {
          const values = headValues(shape, { type, salt });
          return buildNifti({ values, shape, type, slope, intercept, sform: { code: 1, rows } });
        });
        const stored = await Promise.all(files.map(async (bytes, i) => {
          return { modality: ["t1", "t2"][i], file: "a.nii", ...await readStoredNifti(bytes, { file: "a.nii" }) };
        }));
        const images = await Promise.all(files.map(async (bytes, i) => {
          return { modality: ["t1", "t2"][i], file: "a.nii", volume: await readNifti(bytes, "a.nii") };
        }));
        const options = { ...DEFAULT_PREPROCESS, lowerPercentile: 7 };
        deepStrictEqual(
          preprocessStored(stored, options),
          plainSteps(images, options),
          `${type} ${slope} ${intercept}`,
        );
      }
    }
  });
}
