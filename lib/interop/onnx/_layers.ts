/** Layers of both encoders as ONNX nodes, channels first, with the weights of a state dict. */
import { CheckpointError, formatShape } from "../../errors.ts";
import type { Safetensor } from "../lazy_tensor.ts";
import type { OnnxGraph, ValueName } from "./graph.ts";

/** Where layers are added, and where their weights are found. */
export interface GraphScope {
  readonly graph: OnnxGraph;
  /** A state dict under official names, in the official memory order. */
  readonly weights: ReadonlyMap<string, Safetensor>;
}

/** A layer: from a scope, the official name of its parameters, and its input to the value it gives. */
type LayerInput = { readonly name: string; readonly x: ValueName };

/** Adds a weight of the state dict; the shape may say the same elements otherwise. */
export function weightOf({ graph, weights }: GraphScope, name: string, shape?: readonly number[]): ValueName {
  const tensor = weights.get(name);
  if (!tensor || tensor.dtype !== "F32") {
    throw new CheckpointError(`Cannot write ONNX: expected a weight "${name}" F32, got ${tensor?.dtype ?? "none"}`);
  }
  return graph.weight(name, { shape: shape ?? tensor.shape, data: tensor.data });
}

/** Adds a weight and returns its shape too. */
function shapedWeight(scope: GraphScope, name: string): { value: ValueName; shape: readonly number[] } {
  const value = weightOf(scope, name);
  return { value, shape: scope.weights.get(name)!.shape };
}

/** Convolution with bias, size kept at stride 1; `depthwise` when each channel has its own kernel. */
export function convolution(
  scope: GraphScope,
  { name, x }: LayerInput,
  { stride = 1, padding = 0, depthwise = false }: { stride?: number; padding?: number; depthwise?: boolean } = {},
): ValueName {
  const { value, shape } = shapedWeight(scope, `${name}.weight`);
  if (shape.length !== 5) {
    throw new CheckpointError(
      `Cannot write ONNX: expected a kernel with 5 axes as "${name}.weight", got ${formatShape(shape)}`,
    );
  }
  return scope.graph.node("Conv", [x, value, weightOf(scope, `${name}.bias`)], {
    kernel_shape: shape.slice(2),
    strides: [stride, stride, stride],
    pads: Array(6).fill(padding),
    group: depthwise ? shape[0] : 1,
  });
}

/** Linear layer of the last axis, with bias. */
export function linear(scope: GraphScope, { name, x }: LayerInput): ValueName {
  const { graph } = scope;
  // The weight stays as the state dict has it, [outputs, inputs]; runtimes fold the transposition when they load.
  const weight = graph.node("Transpose", [weightOf(scope, `${name}.weight`)], { perm: [1, 0] });
  return graph.node("Add", [graph.node("MatMul", [x, weight]), weightOf(scope, `${name}.bias`)]);
}

/** Layer normalisation of the last axis. */
export function layerNorm(scope: GraphScope, { name, x }: LayerInput, { epsilon }: { epsilon: number }): ValueName {
  const affine = [weightOf(scope, `${name}.weight`), weightOf(scope, `${name}.bias`)];
  return scope.graph.node("LayerNormalization", [x, ...affine], { axis: -1, epsilon: { float: epsilon } });
}

/** Batch normalisation with running statistics. */
export function batchNorm(scope: GraphScope, { name, x }: LayerInput): ValueName {
  const parts = ["weight", "bias", "running_mean", "running_var"].map((part) => weightOf(scope, `${name}.${part}`));
  return scope.graph.node("BatchNormalization", [x, ...parts], { epsilon: { float: 1e-5 } });
}

/** Group normalisation; ONNX has it as one node only from a later operator set, so groups pose as channels here. */
export function groupNorm(scope: GraphScope, { name, x }: LayerInput, { groups }: { groups: number }): ValueName {
  const { graph } = scope;
  const one = graph.weight(`ones_${groups}`, { shape: [groups], data: new Float32Array(groups).fill(1) });
  const zero = graph.weight(`zeros_${groups}`, { shape: [groups], data: new Float32Array(groups) });
  const grouped = graph.node("Reshape", [x, graph.integers([0, groups, -1])]);
  const normal = graph.node("InstanceNormalization", [grouped, one, zero], { epsilon: { float: 1e-5 } });
  const h = graph.node("Reshape", [normal, graph.node("Shape", [x])]);
  const perChannel = (part: string): ValueName => {
    const { shape: [channels] } = shapedWeight(scope, `${name}.${part}`);
    return weightOf(scope, `${name}.${part}`, [channels, 1, 1, 1]);
  };
  return graph.node("Add", [graph.node("Mul", [h, perChannel("weight")]), perChannel("bias")]);
}

/** x/2 · (1 + erf(x/√2)), in the form that runtimes fuse. */
export function gelu({ graph }: GraphScope, x: ValueName): ValueName {
  const erf = graph.node("Erf", [graph.node("Div", [x, graph.scalar(Math.SQRT2)])]);
  const product = graph.node("Mul", [x, graph.node("Add", [erf, graph.scalar(1)])]);
  return graph.node("Mul", [product, graph.scalar(0.5)]);
}

/** Sum of two values of one shape. */
export function add({ graph }: GraphScope, a: ValueName, b: ValueName): ValueName {
  return graph.node("Add", [a, b]);
}
