/** One update of one parameter by AdamW, or by Adam with L2 regularisation. */
import { definePrimitive } from "../../op.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { runElementwise } from "../../webgpu/elementwise.ts";
import updateSource from "./update.wgsl" with { type: "text" };

type AdamwInputs = { parameter: Tensor; gradient: Tensor; firstMoment: Tensor; secondMoment: Tensor };

/** Where weight decay acts: on the parameter itself (AdamW), or through the gradient (Adam with L2 regularisation). */
export type WeightDecayKind = "decoupled" | "coupled";

/** Options of one update. `step` counts the updates of this parameter from 1. */
export type AdamwAttributes = {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Default `decoupled`. */
  readonly decay?: WeightDecayKind;
  readonly step: number;
};

/** Step size and denominator factors that depend on the step alone. */
function corrections(
  { learningRate, beta1, beta2, step }: AdamwAttributes,
): { stepSize: number; rootCorrection: number } {
  return { stepSize: learningRate / (1 - beta1 ** step), rootCorrection: Math.sqrt(1 - beta2 ** step) };
}

/** The factor that the parameter is multiplied by, and the share of it that is added to its gradient. */
function decays(
  { learningRate, weightDecay, decay = "decoupled" }: AdamwAttributes,
): { keep: number; penalty: number } {
  if (decay === "coupled") return { keep: 1, penalty: weightDecay };
  return { keep: 1 - learningRate * weightDecay, penalty: 0 };
}

const update = definePrimitive<AdamwInputs, AdamwAttributes>({
  name: "AdamWUpdate",
  composite({ parameter, gradient, firstMoment, secondMoment }, attributes) {
    const { beta1, beta2, epsilon } = attributes;
    const { stepSize, rootCorrection } = corrections(attributes);
    const { keep, penalty } = decays(attributes);
    const slope = penalty === 0 ? gradient : tf.add(gradient, tf.mul(parameter, penalty));
    const first = tf.add(tf.mul(firstMoment, beta1), tf.mul(slope, 1 - beta1));
    const second = tf.add(tf.mul(secondMoment, beta2), tf.mul(tf.square(slope), 1 - beta2));
    const denominator = tf.add(tf.div(tf.sqrt(second), rootCorrection), epsilon);
    const decayed = tf.mul(parameter, keep);
    return [tf.sub(decayed, tf.mul(tf.div(first, denominator), stepSize)), first, second];
  },
  plain({ parameter, gradient, firstMoment, secondMoment }, attributes) {
    const { beta1, beta2, epsilon } = attributes;
    const { stepSize, rootCorrection } = corrections(attributes);
    const { keep, penalty } = decays(attributes);
    const { length } = parameter.data;
    const value = new Float32Array(length), first = new Float32Array(length), second = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      const g = gradient.data[i] + penalty * parameter.data[i];
      first[i] = beta1 * firstMoment.data[i] + (1 - beta1) * g;
      second[i] = beta2 * secondMoment.data[i] + (1 - beta2) * g * g;
      const denominator = Math.sqrt(second[i]) / rootCorrection + epsilon;
      value[i] = keep * parameter.data[i] - stepSize * first[i] / denominator;
    }
    return [value, first, second].map((data) => ({ data, shape: parameter.shape }));
  },
  simd({ parameter, gradient, firstMoment, secondMoment }, attributes, runtime) {
    const { beta1, beta2, epsilon } = attributes;
    const { stepSize, rootCorrection } = corrections(attributes);
    const { keep, penalty } = decays(attributes);
    const outputs = [0, 1, 2].map(() => runtime.output(parameter.shape));
    const [p, g, m, v] = [parameter, gradient, firstMoment, secondMoment].map(({ pointer }) => pointer);
    const [value, first, second] = outputs.map(({ pointer }) => pointer);
    const rates = [beta1, beta2, epsilon, keep, penalty, stepSize, rootCorrection] as const;
    runtime.run("adamw", { units: parameter.length, grain: 16384 }, [p, g, m, v, value, first, second, ...rates]);
    return outputs;
  },
  webgpu({ parameter, gradient, firstMoment, secondMoment }, attributes, runtime) {
    const { learningRate, beta1, beta2, epsilon, weightDecay } = attributes;
    const { stepSize, rootCorrection } = corrections(attributes);
    const outputs = [0, 1, 2].map(() => runtime.output(parameter.shape));
    const keep = 1 - learningRate * weightDecay;
    const floats = [beta1, beta2, 1 - beta1, 1 - beta2, epsilon, keep, stepSize, rootCorrection];
    const inputs = [parameter, gradient, firstMoment, secondMoment];
    runElementwise({ name: "adamw", source: updateSource }, { inputs, outputs, floats }, runtime);
    return outputs;
  },
});

/**
 * Updates a parameter by AdamW: decoupled weight decay, bias-corrected moments.
 *
 * With `decay: "coupled"` it is Adam with L2 regularisation, as `torch.optim.Adam(weight_decay=…)`: weightDecay·parameter is
 * added to the gradient before the moments see it.
 *
 * Shapes: all four inputs alike → [parameter, firstMoment, secondMoment], new tensors.
 *
 * @see Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization"; the order of operations is PyTorch's
 */
export function adamwUpdate(inputs: AdamwInputs, attributes: AdamwAttributes): Tensor[] {
  return update(inputs, attributes);
}
