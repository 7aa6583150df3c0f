/** Reading values back. */
import type { Tensor } from "./tf.ts";

/**
 * Reads a tensor's values and frees it.
 *
 * A GPU gives values back asynchronously only, so this is how values are read on every backend.
 */
export async function takeValues(tensor: Tensor): Promise<Float32Array> {
  const values = await tensor.data() as Float32Array;
  tensor.dispose();
  return values;
}
