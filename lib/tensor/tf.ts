/** The one import of TensorFlow.js; everything else takes tensors and autodiff from here. */
import * as tf from "@tensorflow/tfjs-core";
// tfjs registers the gradients of its own operations only from this package when loaded outside a bundler.
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";

// Outside a browser the cpu backend prints an advertisement for its native sibling on first use unless this is off.
tf.env().set("IS_NODE", false);

export { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
export { tf };
export type {
  DataType,
  NamedTensorMap,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor4D,
  Tensor5D,
  TensorInfo,
  Variable,
} from "@tensorflow/tfjs-core";
