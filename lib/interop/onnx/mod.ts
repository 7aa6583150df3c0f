/** Encoders as ONNX files. */
export { encodeOnnxEncoder, type OnnxOptions } from "./encoder.ts";
