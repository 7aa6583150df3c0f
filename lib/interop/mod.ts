/**
 * Files that other tools read and write.
 *
 * @module
 */
export { type CardSubjects, formatModelCard, type ModelCard } from "./model_card.ts";
export { encodeOnnxEncoder, type OnnxOptions } from "./onnx/mod.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensor,
  type SafetensorArrays,
  type SafetensorsFile,
} from "./safetensors.ts";
