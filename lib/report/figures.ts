/** Figures of a report: tables whose cells are slices, so that their labels are text. */
import { voxelCount } from "../geometry.ts";
import type { ReconstructionExample, TemplateImage } from "../results.ts";
import { enlarge } from "./montage.ts";
import { encodeGreyPng, type GreyWindow, pngDataUri } from "./png.ts";
import {
  normalAxis,
  type Plane,
  PLANES,
  richestSlice,
  type ScalarImage,
  sliceCount,
  type SliceOptions,
  takeSlice,
} from "./slice.ts";

/** One slice in a figure. */
export interface FigureCell {
  /** What the slice shows, for readers who cannot see it. */
  readonly alt: string;
  /** PNG as a data URI. */
  readonly uri: string;
  /** Pixels of the PNG. */
  readonly width: number;
  /** Pixels of the PNG. */
  readonly height: number;
}

/** Slices in rows and columns with a label each. */
export interface ImageTable {
  /** Labels above the columns. */
  readonly columns: readonly string[];
  /** Rows with a label on their left and one cell per column. */
  readonly rows: readonly { readonly label: string; readonly cells: readonly FigureCell[] }[];
}

/** The absolute error that is drawn white: one scale for all figures, so that they can be compared. */
export const WHITE_ERROR = 0.5;

/** Where the templates are cut: brains fill the middle of the common space. */
const TEMPLATE_CUTS: readonly { plane: Plane; position: number }[] = [
  { plane: "axial", position: 0.35 },
  { plane: "axial", position: 0.5 },
  { plane: "axial", position: 0.65 },
  { plane: "coronal", position: 0.5 },
  { plane: "sagittal", position: 0.5 },
];

/** Pictures are enlarged to about this many pixels, so that browsers show voxels as squares and not as a blur. */
const TARGET_PIXELS = 160;

/**
 * Shows learned templates: one row per modality; three axial, one coronal and one sagittal slice.
 *
 * @throws {TypeError} when the voxels of a template do not fill its grid
 */
export function templateMontage(templates: readonly TemplateImage[]): ImageTable {
  return {
    columns: TEMPLATE_CUTS.map(({ plane, position }) => `${capitalize(plane)} ${Math.round(100 * position)}\u00a0%`),
    rows: templates.map((template) => ({
      label: template.modality,
      cells: TEMPLATE_CUTS.map(({ plane, position }) => {
        const index = Math.floor(position * sliceCount(template.size, plane));
        return drawCell(template, { plane, index, name: `Learned template of ${template.modality}` });
      }),
    })),
  };
}

/**
 * Shows one example: mosaic, reconstruction, truth and absolute error, in the slice of each plane in which the truth
 * varies most.
 *
 * @throws {TypeError} when the voxels of one of the three images do not fill the crop
 */
export function exampleFigure(example: ReconstructionExample): ImageTable {
  const { size, mosaic, reconstruction, truth } = example;
  for (const [name, data] of Object.entries({ mosaic, reconstruction, truth })) {
    if (data.length !== voxelCount(size)) {
      throw new TypeError(
        `Cannot draw example of ${example.subject} (${example.target} from ${example.source}): ` +
          `expected a ${name} of ${voxelCount(size)} voxels, got ${data.length}`,
      );
    }
  }
  const error = reconstruction.map((value, i) => Math.abs(value - truth[i]));
  const panels: { label: string; data: Float32Array; window?: GreyWindow }[] = [
    { label: "Mosaic", data: mosaic },
    { label: "Reconstruction", data: reconstruction },
    { label: "Truth", data: truth },
    { label: "Error", data: error, window: [0, WHITE_ERROR] },
  ];
  return {
    columns: panels.map((panel) => panel.label),
    rows: PLANES.map((plane) => {
      const index = richestSlice({ size, data: truth }, plane);
      return {
        label: `${capitalize(plane)} ${normalAxis(plane)}\u00a0=\u00a0${index}`,
        cells: panels.map(({ label, data, window }) => drawCell({ size, data }, { plane, index, name: label, window })),
      };
    }),
  };
}

function drawCell(image: ScalarImage, options: SliceOptions & { name: string; window?: GreyWindow }): FigureCell {
  const slice = takeSlice(image, options);
  const scale = Math.ceil(TARGET_PIXELS / Math.max(slice.width, slice.height));
  const picture = enlarge(slice, { scale, interpolation: "nearest" });
  return {
    alt: `${options.name}, ${options.plane} slice ${normalAxis(options.plane)} = ${options.index}`,
    uri: pngDataUri(encodeGreyPng(picture, options.window)),
    width: picture.width,
    height: picture.height,
  };
}

function capitalize(word: string): string {
  return word[0].toUpperCase() + word.slice(1);
}
