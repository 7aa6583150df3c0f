/** The slice of the first page: one synthetic head in several sequences, and a stand-in for the template. */

/** One picture. */
export interface ScenePicture {
  /** Name of the sequence. */
  readonly modality: string;
  /** Root-absolute address of an 8-bit greyscale PNG. */
  readonly file: string;
}

/** Pictures of one slice, all of one size. */
export interface PhantomScene {
  /** Pixels; both are multiples of the block size. */
  readonly width: number;
  readonly height: number;
  /** Edge of a pixel in mm. */
  readonly pixelMm: number;
  /** Edge of a block in pixels. */
  readonly blockSize: number;
  /** The head in each sequence. */
  readonly sequences: readonly ScenePicture[];
  /** For each sequence the mean of other heads. */
  readonly templates: readonly ScenePicture[];
  /** Heads that the mean is of. */
  readonly templateHeads: number;
}
