/** Runs a test of a primitive that the table of ops does not hold. */
import { selectBackend, tf } from "../../../lib/tensor/mod.ts";

/** Runs it with the simd kernel, the plain one and the composite of the primitive named. */
export async function withEveryImplementation(primitive: string, run: () => void): Promise<void> {
  await selectBackend("simd");
  tf.tidy(run);
  await selectBackend("reference");
  tf.tidy(run);
  const kernel = tf.getKernel(primitive, "cpu");
  tf.unregisterKernel(primitive, "cpu");
  try {
    tf.tidy(run);
  } finally {
    tf.registerKernel(kernel);
  }
}
