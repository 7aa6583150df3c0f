/** The UniFormer encoder as ONNX nodes. */
import { add, batchNorm, convolution, gelu, type GraphScope, layerNorm, linear } from "./_layers.ts";
import type { ValueName } from "./graph.ts";

/** Sizes that the nodes depend on; channels follow from the weights. */
export interface UniformerSizes {
  readonly embedDims: readonly number[];
  readonly depths: readonly number[];
  readonly headDim: number;
}

const PREFIX = "encoder.uniformer";
/** Stabiliser of layer normalisation in patch embeddings; inside blocks it is smaller. */
const EMBED_EPSILON = 1e-5;
const BLOCK_EPSILON = 1e-6;

const CHANNELS_LAST = { perm: [0, 2, 3, 4, 1] };
const CHANNELS_FIRST = { perm: [0, 4, 1, 2, 3] };

/** Volumes `[N, C, x, y, z]` → the features of the four stages, `[N, C, z, x, y]`. */
export function uniformerNodes(scope: GraphScope, volume: ValueName, sizes: UniformerSizes): ValueName[] {
  const { graph } = scope;
  let h = graph.node("Transpose", [volume], { perm: [0, 1, 4, 2, 3] });
  return sizes.embedDims.map((channels, i) => {
    const stage = i + 1;
    h = patchEmbed(scope, `${PREFIX}.patch_embed${stage}`, h);
    for (let k = 0; k < sizes.depths[i]; k++) {
      const block = { name: `${PREFIX}.blocks${stage}.${k}`, x: h };
      h = i < 2 ? convBlock(scope, block) : attentionBlock(scope, block, { channels, headDim: sizes.headDim });
    }
    return stage === sizes.embedDims.length ? batchNorm(scope, { name: `${PREFIX}.norm`, x: h }) : h;
  });
}

function patchEmbed(scope: GraphScope, name: string, x: ValueName): ValueName {
  const { graph } = scope;
  const patches = graph.node(
    "Transpose",
    [convolution(scope, { name: `${name}.proj`, x }, { stride: 2 })],
    CHANNELS_LAST,
  );
  const normal = layerNorm(scope, { name: `${name}.norm`, x: patches }, { epsilon: EMBED_EPSILON });
  return graph.node("Transpose", [normal], CHANNELS_FIRST);
}

/** A block: its official name and its input. */
type Block = { readonly name: string; readonly x: ValueName };

/** x += DW3(x); x += Conv1(DW5(Conv1(BN(x)))); x += MLP(BN(x)). */
function convBlock(scope: GraphScope, { name, x }: Block): ValueName {
  const conv = (part: string, input: ValueName): ValueName => convolution(scope, { name: `${name}.${part}`, x: input });
  const norm = (part: string, input: ValueName): ValueName => batchNorm(scope, { name: `${name}.${part}`, x: input });
  const h1 = positionEmbedding(scope, { name, x });
  const mixed = convolution(scope, { name: `${name}.attn`, x: conv("conv1", norm("norm1", h1)) }, {
    padding: 2,
    depthwise: true,
  });
  const h2 = add(scope, h1, conv("conv2", mixed));
  return add(scope, h2, conv("mlp.fc2", gelu(scope, conv("mlp.fc1", norm("norm2", h2)))));
}

/** x += DW3(x); on tokens: x += Proj(MHSA(LN(x))); x += MLP(LN(x)). */
function attentionBlock(
  scope: GraphScope,
  { name, x }: Block,
  { channels, headDim }: { channels: number; headDim: number },
): ValueName {
  const { graph } = scope;
  const grid = graph.node("Transpose", [positionEmbedding(scope, { name, x })], CHANNELS_LAST);
  const tokens = graph.node("Reshape", [grid, graph.integers([0, -1, channels])]); // [N, T, C]
  const norm = (part: string, input: ValueName): ValueName =>
    layerNorm(scope, { name: `${name}.${part}`, x: input }, { epsilon: BLOCK_EPSILON });
  const dense = (part: string, input: ValueName): ValueName => linear(scope, { name: `${name}.${part}`, x: input });
  const qkv = dense("attn.qkv", norm("norm1", tokens));
  const attended = selfAttention(scope, qkv, { channels, headDim });
  const h1 = add(scope, tokens, dense("attn.proj", attended));
  const h2 = add(scope, h1, dense("mlp.fc2", gelu(scope, dense("mlp.fc1", norm("norm2", h1)))));
  return graph.node("Transpose", [graph.node("Reshape", [h2, graph.node("Shape", [grid])])], CHANNELS_FIRST);
}

/** Softmax(q·kᵀ/√headDim)·v in each head; `[N, T, 3C]` → `[N, T, C]`. */
function selfAttention(
  { graph }: GraphScope,
  qkv: ValueName,
  { channels, headDim }: { channels: number; headDim: number },
): ValueName {
  const parts = graph.nodes("Split", [qkv], { outputs: 3, attributes: { axis: -1 } });
  const perHead = graph.integers([0, 0, channels / headDim, headDim]);
  const [q, k, v] = parts.map((part, i) => {
    const heads = graph.node("Reshape", [part, perHead]); // [N, T, heads, headDim]
    return graph.node("Transpose", [heads], { perm: i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3] });
  });
  const scaled = graph.node("Mul", [q, graph.scalar(1 / Math.sqrt(headDim))]);
  const weights = graph.node("Softmax", [graph.node("MatMul", [scaled, k])], { axis: -1 });
  const heads = graph.node("Transpose", [graph.node("MatMul", [weights, v])], { perm: [0, 2, 1, 3] });
  return graph.node("Reshape", [heads, graph.integers([0, 0, channels])]);
}

/** x + DW3(x). */
function positionEmbedding(scope: GraphScope, { name, x }: Block): ValueName {
  return add(scope, x, convolution(scope, { name: `${name}.pos_embed`, x }, { padding: 1, depthwise: true }));
}
