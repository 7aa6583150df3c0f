/** Group normalisation; with as many groups as channels it is instance normalisation. */
import { formatShape } from "../../../errors.ts";
import { defineOp, definePrimitive } from "../../op.ts";
import { channelsOf, expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";

type GroupNormInputs = { x: Tensor; scale: Tensor; bias: Tensor };
type GroupNormAttributes = { groups: number; epsilon: number };

/** x `[B, …, C]` → `[B, S, G, C/G]`. */
function grouped(x: Tensor, groups: number): Tensor {
  return tf.reshape(x, [shapeOf(x)[0], -1, groups, channelsOf(x) / groups]);
}

function normalise(x: Tensor, { groups, epsilon }: GroupNormAttributes): { normalised: Tensor; std: Tensor } {
  const values = grouped(x, groups);
  const centred = tf.sub(values, tf.mean(values, [1, 3], true));
  const std = tf.sqrt(tf.add(tf.mean(tf.square(centred), [1, 3], true), epsilon));
  return { normalised: tf.div(centred, std), std };
}

function reference({ x, scale, bias }: GroupNormInputs, attributes: GroupNormAttributes): Tensor {
  const { normalised } = normalise(x, attributes);
  return tf.add(tf.mul(tf.reshape(normalised, shapeOf(x)), scale), bias);
}

const forward = definePrimitive<GroupNormInputs, GroupNormAttributes>({
  name: "GroupNorm",
  composite: (inputs, attributes) => [reference(inputs, attributes)],
  plain({ x, scale, bias }, attributes) {
    const data = new Float32Array(x.data.length);
    forEachGroup(x.shape, attributes.groups, (group) => {
      const { mean, inverseStd } = groupMoments(x.data, group, attributes.epsilon);
      forEachValue(group, (i, c) => data[i] = (x.data[i] - mean) * inverseStd * scale.data[c] + bias.data[c]);
    });
    return [{ data, shape: x.shape }];
  },
});

const backward = definePrimitive<{ dy: Tensor; x: Tensor; scale: Tensor }, GroupNormAttributes>({
  name: "GroupNormGradient",
  composite({ dy, x, scale }, attributes) {
    const { normalised, std } = normalise(x, attributes);
    const g = grouped(tf.mul(dy, scale), attributes.groups);
    const projection = tf.mul(normalised, tf.mean(tf.mul(g, normalised), [1, 3], true));
    const dx = tf.div(tf.sub(tf.sub(g, tf.mean(g, [1, 3], true)), projection), std);
    const rows = [-1, channelsOf(x)];
    const dScale = tf.sum(tf.mul(tf.reshape(dy, rows), tf.reshape(normalised, rows)), 0);
    return [tf.reshape(dx, shapeOf(x)), dScale, tf.sum(tf.reshape(dy, rows), 0)];
  },
  plain({ dy, x, scale }, attributes) {
    const dx = new Float32Array(x.data.length);
    const dScale = new Float64Array(scale.data.length);
    const dBias = new Float64Array(scale.data.length);
    forEachGroup(x.shape, attributes.groups, (group) => {
      const { mean, inverseStd, count } = groupMoments(x.data, group, attributes.epsilon);
      let meanG = 0, meanGx = 0;
      forEachValue(group, (i, c) => {
        const normalised = (x.data[i] - mean) * inverseStd;
        const g = dy.data[i] * scale.data[c];
        meanG += g, meanGx += g * normalised;
        dScale[c] += dy.data[i] * normalised, dBias[c] += dy.data[i];
      });
      meanG /= count, meanGx /= count;
      forEachValue(group, (i, c) => {
        const normalised = (x.data[i] - mean) * inverseStd;
        dx[i] = inverseStd * (dy.data[i] * scale.data[c] - meanG - normalised * meanGx);
      });
    });
    return [
      { data: dx, shape: x.shape },
      { data: Float32Array.from(dScale), shape: scale.shape },
      { data: Float32Array.from(dBias), shape: scale.shape },
    ];
  },
});

/** One sample's share of channels: values lie at start + row·channels + [0, width). */
interface Group {
  readonly start: number;
  readonly end: number;
  readonly channels: number;
  readonly firstChannel: number;
  readonly width: number;
}

function forEachGroup(shape: readonly number[], groups: number, visit: (group: Group) => void): void {
  const channels = shape[shape.length - 1];
  const sample = shape.slice(1).reduce((product, size) => product * size, 1);
  const width = channels / groups;
  for (let b = 0; b < shape[0]; b++) {
    for (let g = 0; g < groups; g++) {
      visit({ start: b * sample + g * width, end: (b + 1) * sample, channels, firstChannel: g * width, width });
    }
  }
}

function forEachValue(
  { start, end, channels, firstChannel, width }: Group,
  visit: (i: number, c: number) => void,
): void {
  for (let row = start; row < end; row += channels) {
    for (let c = 0; c < width; c++) visit(row + c, firstChannel + c);
  }
}

function groupMoments(
  x: Float32Array,
  group: Group,
  epsilon: number,
): { mean: number; inverseStd: number; count: number } {
  let sum = 0, squares = 0, count = 0;
  forEachValue(group, (i) => (sum += x[i], count++));
  const mean = sum / count;
  forEachValue(group, (i) => squares += (x[i] - mean) ** 2);
  return { mean, inverseStd: 1 / Math.sqrt(squares / count + epsilon), count };
}

/** The op behind {@linkcode groupNorm}. */
export const groupNormOp = defineOp<GroupNormInputs, GroupNormAttributes>({
  name: "groupNorm",
  differentiable: ["x", "scale", "bias"],
  validate({ x, scale, bias }, { groups }) {
    const channels = channelsOf(x);
    expectShape("groupNorm", "scale", { actual: shapeOf(scale), expected: [channels] });
    expectShape("groupNorm", "bias", { actual: shapeOf(bias), expected: [channels] });
    if (channels % groups !== 0) {
      const shape = formatShape(shapeOf(x));
      throw new RangeError(
        `Cannot apply groupNorm: expected channels divisible by ${groups} groups, got x of shape ${shape}`,
      );
    }
  },
  reference,
  forward: (inputs, attributes) => ({ output: forward(inputs, attributes)[0], saved: [inputs.x, inputs.scale] }),
  backward: (dy, [x, scale], attributes) => backward({ dy, x, scale }, attributes),
});

/**
 * Normalises every sample over space and groups of channels, then scales and shifts per channel.
 *
 * Shapes: x `[B, …, C]`, scale `[C]`, bias `[C]` → `[B, …, C]`; biased variance.
 *
 * @throws {TypeError | RangeError} when scale or bias do not fit x, or the groups do not divide its channels
 * @see Wu and He 2018, "Group Normalization"
 */
export function groupNorm(
  x: Tensor,
  { scale, bias, groups, epsilon }: { scale: Tensor; bias: Tensor; groups: number; epsilon: number },
): Tensor {
  return groupNormOp({ x, scale, bias }, { groups, epsilon });
}
