/** The small network of the pages that compute in the reader's browser, and the templates that it learned. */
import type { Modality, PhantomLesion } from "../../lib/dataset/mod.ts";
import type { Triple } from "../../lib/geometry.ts";
import type { ModelName } from "../../lib/model/mod.ts";
import type { TemplateRun } from "./template_runs.ts";
import card from "../static/models/quick/card.json" with { type: "json" };
import templates from "../static/models/quick/templates.json" with { type: "json" };

/** What is known of the network: how it was made, what it takes, how well it did. */
export interface DemoModel {
  readonly model: ModelName;
  readonly recipe: string;
  /** Commands that make the files again. */
  readonly made: readonly string[];
  readonly seed: number;
  readonly updates: number;
  readonly epochs: number;
  /** What it was trained on, in words. */
  readonly data: string;
  /** Voxels (x, y, z) that it takes. */
  readonly cropSize: Triple;
  readonly templateSize: Triple;
  readonly blockSize: number;
  /** Share of the blocks that was hidden in training. */
  readonly maskRatio: number;
  /** Voxel size (x, y, z) of its training volumes. */
  readonly spacingMm: Triple;
  readonly lowerPercentile: number;
  readonly upperPercentile: number;
  /** Sequences with a template. */
  readonly modalities: readonly Modality[];
  /** Means over held-out pairs in dB, of the network and of the mosaic that it is given; float32, by the run itself. */
  readonly scores: {
    readonly cmr: { readonly psnr: number; readonly mosaicPsnr: number; readonly pairs: number };
    readonly md: { readonly psnr: number; readonly mosaicPsnr: number; readonly pairs: number };
  };
  readonly phantom: DemoPhantom;
  /** Root-absolute addresses. */
  readonly files: {
    /** Weights in half precision, official names. */
    readonly weights: string;
    /** Normalised templates times 255, NIfTI. */
    readonly templates: Readonly<Record<string, string>>;
  };
}

/** A phantom that the run held out; the page generates it. */
export interface DemoPhantom {
  readonly id: string;
  readonly seed: number;
  readonly index: number;
  readonly size: number;
  readonly modalities: readonly Modality[];
  readonly lesion: PhantomLesion;
  /** Its number among the run's held-out subjects: masks of a validation are drawn by it. */
  readonly heldOut: number;
}

/** See {@linkcode DemoModel}. */
export const DEMO_MODEL = card as unknown as DemoModel;

/** How the templates of that run came about. */
export const DEMO_TEMPLATES = templates as unknown as TemplateRun;
