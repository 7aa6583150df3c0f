/** Grids of slices as one PNG: one row per image, one column per slice. Labels belong to the page, not to the pixels. */
import { formatShape } from "../errors.ts";
import { sameTriple } from "../geometry.ts";
import { encodeGreyPng, type GreyWindow } from "./png.ts";
import { type Convention, evenSlices, type Picture, type Plane, type ScalarImage, takeSlice } from "./slice.ts";

/** How pictures grow: `"nearest"` keeps the voxels visible, `"bilinear"` smooths between their centres. */
export type Interpolation = "nearest" | "bilinear";

/** What a montage shows. */
export interface MontageOptions {
  /** Defaults to `"axial"`. */
  readonly plane?: Plane;
  /** Slice indices, one per column; defaults to five at equal distances. */
  readonly slices?: readonly number[];
  /** Defaults to `"radiological"`: the subject's right is on the left. */
  readonly convention?: Convention;
  /** Pixels per voxel along each side, a whole number; defaults to 1. */
  readonly scale?: number;
  /** Defaults to `"nearest"`. */
  readonly interpolation?: Interpolation;
  /** Values drawn black and white; defaults to [0, 1], the range of normalised scans. */
  readonly window?: GreyWindow;
  /** Black pixels between neighbouring slices; defaults to 2. */
  readonly gap?: number;
}

/**
 * Draws a grid of slices as an 8-bit greyscale PNG, one row per image and one column per slice.
 *
 * @param images volumes of one size, RAS+, x fastest
 * @throws {RangeError} when there is nothing to draw, or a slice, the scale, the gap or the window is impossible
 * @throws {TypeError} when sizes differ or voxels do not fill a grid
 */
export function montagePng(images: readonly ScalarImage[], options: MontageOptions = {}): Uint8Array {
  if (images.length === 0) throw new RangeError("Cannot draw montage: expected at least one image, got none");
  const size = images[0].size;
  const odd = images.find((image) => !sameTriple(image.size, size));
  if (odd) {
    throw new TypeError(
      `Cannot draw montage: expected images of one size ${formatShape(size)}, got ${formatShape(odd.size)}`,
    );
  }
  const { plane = "axial", convention, scale = 1, interpolation = "nearest", window, gap = 2 } = options;
  const slices = options.slices ?? evenSlices(size, { plane, count: 5 });
  if (slices.length === 0) throw new RangeError("Cannot draw montage: expected at least one slice, got none");
  const rows = images.map((image) =>
    slices.map((index) => enlarge(takeSlice(image, { plane, index, convention }), { scale, interpolation }))
  );
  return encodeGreyPng(arrange(rows, { gap, fill: window?.[0] ?? 0 }), window);
}

/**
 * Enlarges a picture by a whole factor.
 *
 * @throws {RangeError} when the factor is not a whole number of at least 1
 */
export function enlarge(picture: Picture, options: { scale: number; interpolation: Interpolation }): Picture {
  const { scale, interpolation } = options;
  if (!Number.isInteger(scale) || scale < 1) {
    throw new RangeError(`Cannot enlarge picture: expected a whole scale of at least 1, got ${scale}`);
  }
  const width = picture.width * scale;
  const height = picture.height * scale;
  const pixels = new Float32Array(width * height);
  const sample = interpolation === "nearest" ? sampleNearest : sampleBilinear;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      // Pixel centres of the small and of the large picture are aligned.
      const at = { x: (column + 0.5) / scale - 0.5, y: (row + 0.5) / scale - 0.5 };
      pixels[row * width + column] = sample(picture, at);
    }
  }
  return { width, height, pixels };
}

function sampleNearest(picture: Picture, at: { x: number; y: number }): number {
  return picture.pixels[Math.floor(at.y + 0.5) * picture.width + Math.floor(at.x + 0.5)];
}

function sampleBilinear(picture: Picture, at: { x: number; y: number }): number {
  const { width, height, pixels } = picture;
  const x = Math.min(Math.max(at.x, 0), width - 1);
  const y = Math.min(Math.max(at.y, 0), height - 1);
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const top = pixels[y0 * width + x0] * (1 - (x - x0)) + pixels[y0 * width + x1] * (x - x0);
  const bottom = pixels[y1 * width + x0] * (1 - (x - x0)) + pixels[y1 * width + x1] * (x - x0);
  return top * (1 - (y - y0)) + bottom * (y - y0);
}

/** Puts equally large pictures side by side, row under row. */
function arrange(rows: readonly (readonly Picture[])[], options: { gap: number; fill: number }): Picture {
  const { gap, fill } = options;
  if (!Number.isInteger(gap) || gap < 0) {
    throw new RangeError(`Cannot draw montage: expected a gap of whole pixels, got ${gap}`);
  }
  const cell = rows[0][0];
  const width = rows[0].length * (cell.width + gap) - gap;
  const height = rows.length * (cell.height + gap) - gap;
  const pixels = new Float32Array(width * height).fill(fill);
  rows.forEach((row, r) =>
    row.forEach((picture, c) => {
      for (let y = 0; y < cell.height; y++) {
        const start = (r * (cell.height + gap) + y) * width + c * (cell.width + gap);
        pixels.set(picture.pixels.subarray(y * cell.width, (y + 1) * cell.width), start);
      }
    })
  );
  return { width, height, pixels };
}
