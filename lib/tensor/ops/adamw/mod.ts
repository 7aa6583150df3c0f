/** Updates of parameters by AdamW, or by Adam with L2 regularisation. */
import { definePrimitive } from "../../op.ts";
import { tf } from "../../tf.ts";
import type { NamedTensorMap, Tensor, Variable } from "../../tf.ts";
import type { GpuBackend } from "../../webgpu/backend.ts";
import { copyOf, updateInPlace } from "./_webgpu.ts";
import type { AdamwArrays } from "./_webgpu.ts";

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

/** What an update comes down to, beside the decay rates of the moments and ε. */
export interface AdamwRates {
  /** What the parameter is multiplied by. */
  readonly keep: number;
  /** The share of the parameter that is added to its gradient. */
  readonly penalty: number;
  readonly stepSize: number;
  /** What the root of the second moment is divided by. */
  readonly rootCorrection: number;
}

function ratesOf(
  { learningRate, beta1, beta2, weightDecay, decay = "decoupled", step }: AdamwAttributes,
): AdamwRates {
  const isCoupled = decay === "coupled";
  return {
    keep: isCoupled ? 1 : 1 - learningRate * weightDecay,
    penalty: isCoupled ? weightDecay : 0,
    stepSize: learningRate / (1 - beta1 ** step),
    rootCorrection: Math.sqrt(1 - beta2 ** step),
  };
}

const update = definePrimitive<AdamwInputs, AdamwAttributes>({
  name: "AdamWUpdate",
  composite({ parameter, gradient, firstMoment, secondMoment }, attributes) {
    const { beta1, beta2, epsilon } = attributes;
    const { keep, penalty, stepSize, rootCorrection } = ratesOf(attributes);
    const slope = penalty === 0 ? gradient : tf.add(gradient, tf.mul(parameter, penalty));
    const first = tf.add(tf.mul(firstMoment, beta1), tf.mul(slope, 1 - beta1));
    const second = tf.add(tf.mul(secondMoment, beta2), tf.mul(tf.square(slope), 1 - beta2));
    const denominator = tf.add(tf.div(tf.sqrt(second), rootCorrection), epsilon);
    const decayed = tf.mul(parameter, keep);
    return [tf.sub(decayed, tf.mul(tf.div(first, denominator), stepSize)), first, second];
  },
  plain({ parameter, gradient, firstMoment, secondMoment }, attributes) {
    const { beta1, beta2, epsilon } = attributes;
    const { keep, penalty, stepSize, rootCorrection } = ratesOf(attributes);
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
    const { keep, penalty, stepSize, rootCorrection } = ratesOf(attributes);
    const outputs = [0, 1, 2].map(() => runtime.output(parameter.shape));
    const [p, g, m, v] = [parameter, gradient, firstMoment, secondMoment].map(({ pointer }) => pointer);
    const [value, first, second] = outputs.map(({ pointer }) => pointer);
    const rates = [beta1, beta2, epsilon, keep, penalty, stepSize, rootCorrection] as const;
    runtime.run("adamw", { units: parameter.length, grain: 16384 }, [p, g, m, v, value, first, second, ...rates]);
    return outputs;
  },
  webgpu({ parameter, gradient, firstMoment, secondMoment }, attributes, runtime) {
    const [value, first, second] = [parameter, firstMoment, secondMoment].map((array) => copyOf(array, runtime));
    const arrays = [{ parameter: value, gradient, firstMoment: first, secondMoment: second }];
    updateInPlace(arrays, { ...attributes, rates: [ratesOf(attributes)] }, runtime);
    return [value, first, second];
  },
  cut: { along: "values", of: ["parameter", "gradient", "firstMoment", "secondMoment"] },
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

/** One parameter of an update of many; `step` counts its updates from 1. */
export interface AdamwParameter {
  readonly parameter: Variable;
  readonly gradient: Tensor;
  readonly firstMoment: Variable;
  readonly secondMoment: Variable;
  readonly learningRate: number;
  readonly step: number;
}

/** Options that all parameters of an update share. */
export type AdamwOptions = Omit<AdamwAttributes, "learningRate" | "step">;

const IN_PLACE = "AdamWUpdateInPlace";

tf.registerKernel({
  kernelName: IN_PLACE,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { rates, ...options } = attrs as unknown as AdamwOptions & { rates: readonly AdamwRates[] };
    const given = inputs as Readonly<Record<string, tf.TensorInfo>>;
    return (backend as GpuBackend).runKernel(given, (arrays, runtime) => {
      const parameters = rates.map((_, k): AdamwArrays => ({
        parameter: runtime.overwrite(arrays[`parameter${k}`]),
        gradient: arrays[`gradient${k}`],
        firstMoment: runtime.overwrite(arrays[`firstMoment${k}`]),
        secondMoment: runtime.overwrite(arrays[`secondMoment${k}`]),
      }));
      updateInPlace(parameters, { ...options, rates }, runtime);
      return [];
    });
  },
});

/**
 * Updates parameters and their moments by {@linkcode adamwUpdate}; the variables hold the results.
 *
 * On a GPU all happens where the values lie, several parameters at a time: what shares its values with a variable, as a clone
 * does, changes with it.
 */
export function adamwUpdateInPlace(parameters: readonly AdamwParameter[], options: AdamwOptions): void {
  if (!tf.getKernel(IN_PLACE, tf.getBackend())) {
    for (const parameter of parameters) assignUpdate(parameter, options);
    return;
  }
  const inputs: NamedTensorMap = {};
  parameters.forEach(({ parameter, gradient, firstMoment, secondMoment }, k) => {
    const named = { parameter, gradient, firstMoment, secondMoment };
    for (const [name, tensor] of Object.entries(named)) inputs[`${name}${k}`] = tensor;
  });
  const rates = parameters.map(({ learningRate, step }) => ratesOf({ ...options, learningRate, step }));
  tf.engine().runKernel(IN_PLACE, inputs, { ...options, rates } as unknown as tf.NamedAttrMap);
}

function assignUpdate(
  { parameter, gradient, firstMoment, secondMoment, learningRate, step }: AdamwParameter,
  options: AdamwOptions,
): void {
  const attributes = { ...options, learningRate, step };
  const updated = adamwUpdate({ parameter, gradient, firstMoment, secondMoment }, attributes);
  [parameter, firstMoment, secondMoment].forEach((variable, i) => variable.assign(updated[i]));
  tf.dispose(updated);
}
