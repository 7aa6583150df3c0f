/** Templates of a run over its epochs, as files of the site. */

/** The templates at one moment of a run. */
export interface TemplateFrame {
  /** Optimiser updates made. */
  readonly step: number;
  readonly epoch: number;
  /** Root-absolute address of the NIfTI file of every modality, values in [0, 1]: hand it to `siteUrl()`. */
  readonly files: Readonly<Record<string, string>>;
}

/** What the template viewer is given of one run. */
export interface TemplateRun {
  /** Name of the run's folder. */
  readonly name: string;
  readonly recipe: string;
  /** True when no subject of the run is a real one. */
  readonly synthetic: boolean;
  readonly modalities: readonly string[];
  /** Voxels along (x, y, z). */
  readonly size: readonly [number, number, number];
  /** Oldest first; the last one is the end of the run. */
  readonly frames: readonly TemplateFrame[];
}
