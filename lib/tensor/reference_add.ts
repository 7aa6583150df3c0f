/** A faster addition for the reference backend: residual networks and gradient sums add equal shapes all the time. */
import { plainBackend } from "./_plain_backend.ts";
import { tf } from "./tf.ts";

/**
 * Puts a plain loop before tfjs's own cpu kernel for `Add`, which calls a function per element.
 *
 * It takes float32 tensors of equal shape; everything else goes to the kernel that was there.
 */
export function registerPlainAdd(): void {
  const original = tf.getKernel("Add", "cpu");
  tf.unregisterKernel("Add", "cpu");
  tf.registerKernel({
    ...original,
    kernelFunc: (params) => {
      const { a, b } = params.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      const sameShape = a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis]);
      if (!sameShape || a.dtype !== "float32" || b.dtype !== "float32") return original.kernelFunc(params);
      const cpu = plainBackend(params.backend);
      const left = cpu.data.get(a.dataId).values;
      const right = cpu.data.get(b.dataId).values;
      const values = new Float32Array(left.length);
      for (let i = 0; i < values.length; i++) values[i] = left[i] + right[i];
      return cpu.makeTensorInfo(a.shape, "float32", values);
    },
  });
}
