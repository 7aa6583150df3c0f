/** The part of tfjs's cpu backend that plain kernels use. */
import type { tf } from "./tf.ts";

/** Values are ordinary arrays behind data ids. */
export interface PlainBackend {
  readonly data: { get(dataId: object): { values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
}

/** Narrows the backend that tfjs hands to a kernel registered for `cpu`. */
export function plainBackend(backend: unknown): PlainBackend {
  return backend as PlainBackend;
}
