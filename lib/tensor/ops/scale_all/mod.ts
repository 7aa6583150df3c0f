/** Tensors times one number. */
import { tf } from "../../tf.ts";
import type { NamedTensorMap, Tensor } from "../../tf.ts";
import type { GpuBackend } from "../../webgpu/backend.ts";
import { scaleByWebgpu } from "./_webgpu.ts";

const NAME = "ScaleAll";

tf.registerKernel({
  kernelName: NAME,
  backendName: "webgpu",
  kernelFunc: ({ inputs, attrs, backend }) => {
    const given = inputs as Readonly<Record<string, tf.TensorInfo>>;
    return (backend as GpuBackend).runKernel(given, (arrays, runtime) => {
      return scaleByWebgpu(Object.values(arrays), attrs!.factor as unknown as number, runtime);
    });
  },
});

/**
 * Multiplies tensors by a number, on a GPU several of them at a time; no gradient.
 *
 * @returns new tensors in their order; those of a factor of 1 share the values and cost nothing
 */
export function scaleAll(tensors: readonly Tensor[], factor: number): Tensor[] {
  if (factor === 1) return tensors.map((tensor) => tf.clone(tensor));
  if (!tf.getKernel(NAME, tf.getBackend())) return tensors.map((tensor) => tf.mul(tensor, factor));
  const inputs: NamedTensorMap = Object.fromEntries(tensors.map((tensor, k) => [`x${k}`, tensor]));
  return tf.engine().runKernel(NAME, inputs, { factor }) as unknown as Tensor[];
}
