/** Simd backends with settings of their own, beside the one that `selectBackend` opens. */
import { selectBackend, tf } from "../../../lib/tensor/mod.ts";
import { SimdBackend } from "../../../lib/tensor/simd/backend.ts";
import type { SimdOptions } from "../../../lib/tensor/simd/backend.ts";

/** Opens a backend and makes it known to tfjs under a name, with the kernels of `simd`. */
export async function registerSimd(name: string, options: Partial<SimdOptions>): Promise<SimdBackend> {
  await selectBackend("simd");
  const backend = await SimdBackend.open({ threads: 1, ...options });
  tf.registerBackend(name, () => backend);
  for (const kernel of tf.getKernelsForBackend("simd")) tf.registerKernel({ ...kernel, backendName: name });
  return backend;
}
