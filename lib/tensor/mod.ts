/** Tensors: TensorFlow.js, the backend, and the 3-D operations that TensorFlow.js lacks. */
export { BACKENDS, lossOfGpu, selectBackend } from "./backend.ts";
export type { BackendInfo, BackendName, BackendOptions, SimdInfo } from "./backend.ts";
export { checkpoint } from "./checkpoint.ts";
export { gatherRows } from "./gather_rows.ts";
export type { RowGathering } from "./gather_rows.ts";
export { watchGradients } from "./op.ts";
export type { GradientListener } from "./op.ts";
export * from "./ops/mod.ts";
export { GPU_TOLERANCES, testOps, TOLERANCES } from "./self_test.ts";
export type { OpReport } from "./self_test.ts";
export { channelsOf, expectShape, shapeOf, sizeOf } from "./shape.ts";
export { tf } from "./tf.ts";
export { takeValues } from "./values.ts";
export { nameOfTile, TILE_SHAPES } from "./webgpu/tiles.ts";
export type { TileShape } from "./webgpu/tiles.ts";
export type { TunedTiles } from "./webgpu/tuned_tiles.ts";
export type { NamedTensorMap, Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D, Tensor5D, Variable } from "./tf.ts";
