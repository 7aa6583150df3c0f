/**
 * Files that other tools read and write.
 *
 * @module
 */
export { type CardSubjects, formatModelCard, type ModelCard } from "./model_card.ts";
export { encodeOnnxEncoder, type OnnxOptions } from "./onnx/mod.ts";
export { blobSource, bytesSource } from "./byte_source.ts";
export type { ByteSource } from "./byte_source.ts";
export type { LazyTensor, Safetensor, SafetensorArrays, TensorDtype, TensorValues } from "./lazy_tensor.ts";
export { decodeSafetensors, encodeSafetensors, openSafetensors, streamSafetensors } from "./safetensors.ts";
export type { LazySafetensorsFile, SafetensorsFile, SafetensorsStream } from "./safetensors.ts";
export { openTorchLegacy, openTorchZip } from "./torch_checkpoint.ts";
export type { TorchCheckpoint } from "./torch_checkpoint.ts";
export { openWeights } from "./weights.ts";
export type { WeightsFile, WeightsFormat } from "./weights.ts";
