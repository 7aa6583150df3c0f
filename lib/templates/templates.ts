/** Learnable templates: one volume per modality, distilled from all subjects that have it. */
import type { Triple } from "../geometry.ts";
import { smoothVolumes, templateWindow, tf, timesRange } from "../tensor/mod.ts";
import type { Tensor, Tensor5D, Variable } from "../tensor/mod.ts";

/** A window of a modality's template. */
export interface TemplatePlace {
  readonly modality: string;
  /** Voxel (x, y, z) of the template under the window's first voxel; may lie outside. */
  readonly start: Triple;
}

/** How the templates' gradient reaches the optimiser. */
export const TEMPLATE_GRADIENTS = ["exact", "range-scaled"] as const;

/** One of {@linkcode TEMPLATE_GRADIENTS}. */
export type TemplateGradient = (typeof TEMPLATE_GRADIENTS)[number];

/** Sizes and numerics of the templates. */
export interface TemplateOptions {
  /** Modalities that have a template, in the order of the first axis. */
  readonly modalities: readonly string[];
  /** Voxels along (x, y, z). */
  readonly size: Triple;
  /** Added to the range when a template is normalised. */
  readonly epsilon: number;
}

/** The templates of all modalities in one variable, as in the official state dict. */
export class Templates {
  /** `[K, D, H, W]`, zero at first. */
  readonly variable: Variable;
  readonly modalities: readonly string[];
  readonly size: Triple;
  readonly #epsilon: number;

  /** Makes templates of zeros. */
  constructor({ modalities, size, epsilon }: TemplateOptions) {
    this.modalities = modalities;
    this.size = size;
    this.#epsilon = epsilon;
    this.variable = tf.tidy(() => tf.variable(tf.zeros([modalities.length, size[2], size[1], size[0]])));
  }

  /** Name, shapes and permutation of the official parameter `rep_template`, `[K, x, y, z]`. */
  get parameter():
    & { name: string; variable: Variable; trainable: true }
    & Record<
      "shape" | "officialShape" | "permutation",
      readonly number[]
    > {
    const [x, y, z] = this.size;
    const count = this.modalities.length;
    return {
      name: "rep_template",
      variable: this.variable,
      trainable: true,
      shape: [count, z, y, x],
      officialShape: [count, x, y, z],
      permutation: [0, 3, 2, 1],
    };
  }

  /**
   * Windows of the templates, each min–max normalised over its whole volume; differentiable.
   *
   * Shapes: one place per sample, window (x, y, z) → `[B, D, H, W, 1]`.
   *
   * @throws {RangeError} when a modality has no template
   */
  windows(places: readonly TemplatePlace[], windowSize: Triple): Tensor5D {
    const windows = places.map(({ modality, start: [x, y, z] }) => {
      return { template: this.#indexOf(modality), start: [z, y, x] as const };
    });
    const [x, y, z] = windowSize;
    return templateWindow(this.variable, { windows, size: [z, y, x], epsilon: this.#epsilon });
  }

  /**
   * The gradient that goes to the optimiser.
   *
   * `exact` is the gradient itself, as in the official code: at the start, when a template's range is 0, it is 1/ε = 10⁹
   * times too large, AdamW's second moment of those voxels stays inflated and they hardly move for thousands of steps.
   * `range-scaled` multiplies each template's gradient by its range + ε, which is the gradient with respect to the
   * normalised template: of the same size from the first step on.
   *
   * Smoothing passes (0 in the official code) blur it before the optimiser sees it. AdamW moves every voxel by about the
   * learning rate, however small its gradient; in short runs the templates then take on the grain of the first
   * convolution's kernels. Of a blurred gradient only what neighbouring voxels have in common is left.
   *
   * Shapes: gradient `[K, D, H, W]` → the same, a new tensor.
   */
  optimizerGradient(gradient: Tensor, { kind, smoothing }: { kind: TemplateGradient; smoothing: number }): Tensor {
    return tf.tidy(() => {
      const scaled = kind === "exact"
        ? tf.clone(gradient)
        : timesRange(gradient, { volumes: this.variable, epsilon: this.#epsilon });
      return smoothing === 0 ? scaled : smoothVolumes(scaled, smoothing);
    });
  }

  /** Every template min–max normalised to [0, 1], x fastest; all zeros while it has not been trained. */
  async normalised(): Promise<{ modality: string; size: Triple; data: Float32Array }[]> {
    const values = await this.variable.data() as Float32Array;
    const length = values.length / this.modalities.length;
    return this.modalities.map((modality, k) => {
      const data = values.slice(k * length, (k + 1) * length);
      let low = Infinity, high = -Infinity;
      for (const value of data) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
      for (let i = 0; i < length; i++) data[i] = (data[i] - low) / (high - low + this.#epsilon);
      return { modality, size: this.size, data };
    });
  }

  /** Frees the variable. */
  dispose(): void {
    this.variable.dispose();
  }

  #indexOf(modality: string): number {
    const index = this.modalities.indexOf(modality);
    if (index < 0) {
      const known = this.modalities.join(", ");
      throw new RangeError(`Cannot look up template: expected one of ${known}, got "${modality}"`);
    }
    return index;
  }
}

/** Mean |a − b| of two normalised templates of the same size: their distance in units of the range. */
export function templateDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}
