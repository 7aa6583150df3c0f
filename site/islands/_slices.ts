/** Slices of a volume on canvases, turned as radiologists see them: the subject's right on the left, the nose up. */
import type { Triple } from "../../lib/geometry.ts";

/** A volume in RAS+, x fastest. */
export interface SliceVolume {
  readonly data: ArrayLike<number>;
  readonly size: Triple;
}

/** Planes and the axes (0 = x, 1 = y, 2 = z) along a picture's columns, rows and depth. */
export const PLANES = {
  axial: { column: 0, row: 1, depth: 2 },
  coronal: { column: 0, row: 2, depth: 1 },
  sagittal: { column: 1, row: 2, depth: 0 },
} as const;

/** A plane's name. */
export type PlaneName = keyof typeof PLANES;

/** How values become colours. */
export interface PaintOptions {
  readonly plane: PlaneName;
  /** Voxel along the plane's depth. */
  readonly index: number;
  /** Values from black to white. */
  readonly window: readonly [low: number, high: number];
  /** `heat` for errors. */
  readonly colours?: "grey" | "heat";
  /** Voxels that are not 0 are tinted. */
  readonly tint?: ArrayLike<number>;
}

/** Dark to bright, of equal steps in lightness. */
const HEAT = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]] as const;
const TINT = [1, 0.82, 0.55] as const;

/** Draws one slice, a pixel per voxel; style sheets enlarge it. */
export function paintSlice(canvas: HTMLCanvasElement, { data, size }: SliceVolume, options: PaintOptions): void {
  const { plane, index, window: [low, high], colours = "grey", tint } = options;
  const { column, row, depth } = PLANES[plane];
  const [width, height] = [size[column], size[row]];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d")!;
  const picture = context.createImageData(width, height);
  const strides = [1, size[0], size[0] * size[1]];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Columns run from right to left, or back from the nose; rows from the top down.
      const voxel = (width - 1 - x) * strides[column] + (height - 1 - y) * strides[row] + index * strides[depth];
      const value = Math.min(1, Math.max(0, (data[voxel] - low) / (high - low)));
      const colour = colours === "heat" ? heat(value) : [255 * value, 255 * value, 255 * value];
      const tinted = tint !== undefined && tint[voxel] !== 0;
      const at = 4 * (y * width + x);
      for (let c = 0; c < 3; c++) picture.data[at + c] = colour[c] * (tinted ? TINT[c] : 1);
      picture.data[at + 3] = 255;
    }
  }
  context.putImageData(picture, 0, 0);
}

function heat(value: number): number[] {
  const place = value * (HEAT.length - 1);
  const step = Math.min(HEAT.length - 2, Math.floor(place));
  return HEAT[step].map((from, c) => from + (place - step) * (HEAT[step + 1][c] - from));
}
