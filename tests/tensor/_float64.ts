/**
 * Turns the whole test process to double precision. Import it before anything else: tfjs and the plain kernels make
 * their arrays with `new Float32Array`, so handing them Float64Array instead makes the same code compute in float64,
 * where central differences are exact enough to judge a gradient.
 */
globalThis.Float32Array = Float64Array as unknown as Float32ArrayConstructor;

const { tf } = await import("../../lib/tensor/mod.ts");
tf.env().platform.isTypedArray = (values: unknown): values is Float32Array => ArrayBuffer.isView(values);
