/** AdamW over named parameters; Adam with L2 regularisation is the same with another place for the decay. */
import { adamwUpdateInPlace, tf } from "../tensor/mod.ts";
import type { AdamwParameter, Tensor, Variable, WeightDecayKind } from "../tensor/mod.ts";

/** What the optimiser needs of a parameter. */
export interface TrainedParameter {
  readonly name: string;
  readonly variable: Variable;
}

/** Rates and decays of AdamW. */
export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** `decoupled` (default) is AdamW, `coupled` Adam with L2 regularisation. */
  readonly decay?: WeightDecayKind;
}

/** Moments of one parameter, absent until its first gradient. */
export interface Moments {
  readonly first: Variable;
  readonly second: Variable;
  /** Updates of this parameter so far. */
  steps: number;
}

/**
 * AdamW with decoupled weight decay.
 *
 * A parameter that gets no gradient is left alone: no decay, no step counted, as in PyTorch.
 *
 * @see Loshchilov and Hutter 2019
 */
export class AdamW {
  readonly #options: AdamWOptions;
  readonly #parameters: readonly TrainedParameter[];
  readonly #moments = new Map<string, Moments>();

  /** An optimiser without any moments yet. */
  constructor(parameters: readonly TrainedParameter[], options: AdamWOptions) {
    this.#parameters = parameters;
    this.#options = options;
  }

  /** Moments by parameter name, for checkpoints. */
  get moments(): ReadonlyMap<string, Moments> {
    return this.#moments;
  }

  /**
   * Updates every parameter that has a gradient.
   *
   * @param gradients by parameter name, of the parameter's shape; not disposed
   * @param learningRate of each parameter by name
   */
  apply(gradients: ReadonlyMap<string, Tensor>, learningRate: (name: string) => number): void {
    const updates = this.#parameters.flatMap(({ name, variable }): AdamwParameter[] => {
      const gradient = gradients.get(name);
      if (!gradient) return [];
      const moments = this.#moments.get(name) ?? this.#start(name, variable);
      const { first: firstMoment, second: secondMoment } = moments;
      const step = ++moments.steps;
      return [{ parameter: variable, gradient, firstMoment, secondMoment, learningRate: learningRate(name), step }];
    });
    if (updates.length > 0) adamwUpdateInPlace(updates, this.#options);
  }

  /** Puts moments back as they were saved. */
  restore(name: string, saved: { first: Float32Array; second: Float32Array; steps: number }): void {
    const { variable } = this.#parameters.find((parameter) => parameter.name === name)!;
    const moments = this.#moments.get(name) ?? this.#start(name, variable);
    tf.tidy(() => {
      moments.first.assign(tf.tensor(saved.first, variable.shape));
      moments.second.assign(tf.tensor(saved.second, variable.shape));
    });
    moments.steps = saved.steps;
  }

  /** Frees the moments. */
  dispose(): void {
    for (const { first, second } of this.#moments.values()) tf.dispose([first, second]);
    this.#moments.clear();
  }

  #start(name: string, variable: Variable): Moments {
    const zeros = (): Variable => tf.tidy(() => tf.variable(tf.zerosLike(variable), false));
    const moments = { first: zeros(), second: zeros(), steps: 0 };
    this.#moments.set(name, moments);
    return moments;
  }
}
