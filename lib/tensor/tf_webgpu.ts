/** TensorFlow.js's WebGPU backend with all its kernels; apart from tf.ts, since it is loaded only where it is used. */
import "@tensorflow/tfjs-backend-webgpu";
import { tf } from "./tf.ts";

// Small tensors would be computed on the CPU, whose synchronous reads WebGPU cannot give.
tf.env().set("WEBGPU_CPU_FORWARD", false);

// Long command buffers: the device should not wait for the host.
tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 64);

export { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
