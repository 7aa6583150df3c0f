/** Exact GELU against tabulated values of the normal distribution function. */
import { gelu, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { assertValues } from "./_expect.ts";

await selectBackend("reference");

Deno.test("gelu() is x·Φ(x)", () => {
  // Φ(1) = 0.8413447461, Φ(2) = 0.9772498681, Φ(0.5) = 0.6914624613.
  const x = tf.tensor([0, 1, -1, 2, 0.5, 10, -10], [1, 7]);
  const expected = [0, 0.8413447461, -0.1586552539, 1.9544997361, 0.3457312306, 10, 0];
  assertValues(gelu(x), [1, 7], expected);
});
