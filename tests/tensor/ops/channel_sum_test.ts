/** Sums per channel on the simd backend, for channels that fill no vector and rows that fill no chunk. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { channelSum } from "../../../lib/tensor/ops/channel_sum/mod.ts";
import { relativeError } from "../_ops.ts";

await selectBackend("simd");

for (const [rows, channels] of [[1, 1], [1, 20], [7, 5], [33_000, 1], [4100, 13], [515, 64], [110, 320], [3, 4100]]) {
  Deno.test(`channelSum() adds up every channel: ${rows} × ${channels}`, () => {
    const random = randomStream(1, "channel-sum");
    const values = Float32Array.from({ length: rows * channels }, () => random.normal());
    const expected = new Float64Array(channels);
    values.forEach((value, i) => expected[i % channels] += value);
    const actual = tf.tidy(() => channelSum({ x: tf.tensor(values, [rows, channels]) }, {})[0].dataSync());
    const { error, text } = relativeError(actual, expected);
    assert.ok(error <= 1e-6, text);
  });
}
