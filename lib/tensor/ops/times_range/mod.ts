/** Multiplication of volumes by the range of other volumes. */
import { definePrimitive } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { templatesOf } from "../template_window/_simd.ts";
import { extremesOf } from "../template_window/_webgpu.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import source from "./times_range.wgsl" with { type: "text" };

type RangeInputs = { x: Tensor; volumes: Tensor };
type RangeAttributes = { readonly epsilon: number };

const multiply = definePrimitive<RangeInputs, RangeAttributes>({
  name: "TimesRange",
  composite({ x, volumes }, { epsilon }) {
    const factors = tf.unstack(volumes).map((volume) => tf.add(tf.sub(tf.max(volume), tf.min(volume)), epsilon));
    return [tf.stack(tf.unstack(x).map((part, k) => tf.mul(part, factors[k])))];
  },
  plain({ x, volumes }, { epsilon }) {
    const data = new Float32Array(x.data.length);
    const length = x.data.length / x.shape[0];
    for (let start = 0; start < data.length; start += length) {
      let low = Infinity, high = -Infinity;
      for (let i = start; i < start + length; i++) {
        low = Math.min(low, volumes.data[i]);
        high = Math.max(high, volumes.data[i]);
      }
      for (let i = start; i < start + length; i++) data[i] = x.data[i] * (high - low + epsilon);
    }
    return [{ data, shape: x.shape }];
  },
  simd({ x, volumes }, { epsilon }, runtime) {
    const [count] = x.shape;
    const indices = Array.from({ length: count }, (_, template) => template);
    const factors = runtime.scratch(count);
    for (const [index, { span }] of templatesOf(volumes, { indices, epsilon }, runtime)) factors.data[index] = span;
    const out = runtime.output(x.shape);
    runtime.run("timesRange", { units: x.length, grain: 16384 }, [
      x.pointer,
      factors.pointer,
      out.pointer,
      x.length / count,
    ]);
    return [out];
  },
  webgpu({ x, volumes }, { epsilon }, runtime) {
    const [count] = x.shape;
    const indices = Array.from({ length: count }, (_, volume) => volume);
    const extremes = extremesOf(volumes, { indices }, runtime);
    const out = runtime.output(x.shape);
    runtime.run({ name: "times_range", source }, {
      workgroups: workgroupRow(Math.ceil(x.length / 256), runtime.limits),
      inputs: [x, extremes],
      outputs: [out],
      integers: [x.length, x.length / count],
      floats: [epsilon],
    });
    return [out];
  },
  cut: { along: "samples", of: ["x", "volumes"] },
});

/**
 * Multiplies every volume of x by the range of the volume beside it, max − min + ε. No gradient.
 *
 * Shapes: x and volumes `[K, …]` → the same.
 *
 * @throws {TypeError} when the shapes differ
 */
export function timesRange(x: Tensor, { volumes, epsilon }: { volumes: Tensor; epsilon: number }): Tensor {
  expectShape("timesRange", "volumes", { actual: shapeOf(volumes), expected: shapeOf(x) });
  return multiply({ x, volumes }, { epsilon })[0];
}
