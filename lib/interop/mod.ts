/**
 * Files that other tools read and write.
 *
 * @module
 */
export {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensor,
  type SafetensorArrays,
  type SafetensorsFile,
} from "./safetensors.ts";
