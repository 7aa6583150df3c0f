/** The encoder of UNET3D as ONNX nodes. */
import { add, convolution, type GraphScope, groupNorm } from "./_layers.ts";
import type { ValueName } from "./graph.ts";

const GROUPS = 8;

/** Volumes `[N, C, x, y, z]` → features at 1/2, 1/4 and 1/8, and the deepest after its blocks, `[N, C, x, y, z]`. */
export function unet3dNodes(scope: GraphScope, volume: ValueName): ValueName[] {
  const conv = (name: string, x: ValueName, stride = 1): ValueName =>
    convolution(scope, { name, x }, { stride, padding: 1 });
  const blocks = (x: ValueName, ...names: string[]): ValueName =>
    names.reduce((h, name) => residualBlock(scope, name, h), x);
  const x1 = conv("ds1", blocks(conv("conv1a", volume), "conv1b"), 2);
  const x2 = conv("ds2", blocks(x1, "conv2a", "conv2b"), 2);
  const x3 = conv("ds3", blocks(x2, "conv3a", "conv3b"), 2);
  return [x1, x2, x3, blocks(x3, "conv4a", "conv4b", "conv4c", "conv4d")];
}

/** x + Conv3(ReLU(GN(Conv3(ReLU(GN(x)))))). */
function residualBlock(scope: GraphScope, name: string, x: ValueName): ValueName {
  const half = (index: number, input: ValueName): ValueName => {
    const normal = groupNorm(scope, { name: `${name}.gn${index}`, x: input }, { groups: GROUPS });
    const active = scope.graph.node("Relu", [normal]);
    return convolution(scope, { name: `${name}.conv${index}`, x: active }, { padding: 1 });
  };
  return add(scope, half(2, half(1, x)), x);
}
