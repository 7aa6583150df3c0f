/** Sum over everything but the channels: the gradient of a bias. */
import { definePrimitive } from "../../op.ts";
import type { NoAttributes } from "../../op.ts";
import { channelsOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import { sumColumns } from "../../webgpu/sum_columns.ts";
import { channelLayout, foldChunks, forEachInTail, outputOf, runOverChunks } from "./layout.ts";

/** x `[…, C]` → `[C]`. */
export const channelSum = definePrimitive<{ x: Tensor }, NoAttributes>({
  name: "ChannelSum",
  composite({ x }) {
    return [tf.sum(tf.reshape(x, [-1, channelsOf(x)]), 0)];
  },
  plain({ x }) {
    const channels = x.shape[x.shape.length - 1];
    const sums = new Float64Array(channels);
    const { data } = x;
    for (let i = 0; i < data.length; i += channels) {
      for (let c = 0; c < channels; c++) sums[c] += data[i + c];
    }
    return [{ data: Float32Array.from(sums), shape: [channels] }];
  },
  simd({ x }, _, runtime) {
    const layout = channelLayout(x.shape);
    const partials = runOverChunks("channelSums", { layout, count: 1, before: [x.pointer] }, runtime);
    const sums = foldChunks(partials, layout, { index: 0, count: 1 });
    forEachInTail(layout, (i, c) => sums[c] += x.data[i]);
    return [outputOf(sums, [layout.channels], runtime)];
  },
  webgpu({ x }, _, runtime) {
    const sums = runtime.output([x.shape[x.shape.length - 1]]);
    sumColumns({ x, sums }, runtime);
    return [sums];
  },
  cut: { along: "tokens", of: ["x"], sums: [0] },
});
