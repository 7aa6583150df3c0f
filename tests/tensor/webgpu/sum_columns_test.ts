/** Sums over rows on the device: channelSum() for channels that fill no workgroup and rows that fill no slice. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import { channelSum } from "../../../lib/tensor/ops/channel_sum/mod.ts";
import { relativeError } from "../_ops.ts";
import { gpuTest } from "./_gpu.ts";

for (const [rows, channels] of [[1, 1], [1, 20], [7, 5], [33_000, 1], [4100, 13], [515, 64], [110, 320], [3, 4100]]) {
  gpuTest(`channelSum() on webgpu adds up every channel: ${rows} × ${channels}`, async () => {
    const random = randomStream(1, "channel-sum");
    const values = Float32Array.from({ length: rows * channels }, () => random.normal());
    const expected = new Float64Array(channels);
    values.forEach((value, i) => expected[i % channels] += value);
    const sums = tf.tidy(() => channelSum({ x: tf.tensor(values, [rows, channels]) }, {})[0]);
    assert.deepEqual(sums.shape, [channels]);
    const { error, text } = relativeError(await takeValues(sums), expected);
    assert.ok(error <= 2e-6, text);
  });
}
