/** Group normalisation with an activation, and the convolution of it, of which the backward pass keeps the input only. */
import { defineOp } from "../../op.ts";
import type { Tensor, Tensor5D } from "../../tf.ts";
import { conv3dOp } from "../conv3d/mod.ts";
import { groupNormOp } from "../group_norm/mod.ts";
import type { NormActivation } from "../group_norm/mod.ts";

type Inputs = Record<"x" | "scale" | "bias" | "weight", Tensor> & { convBias: Tensor | undefined };
type NormConvAttributes = { groups: number; epsilon: number; activation: NormActivation };

const [norm, conv] = [groupNormOp.definition, conv3dOp.definition];
/** Of the convolution. */
const STEP = { stride: 1 };

/** The op behind {@linkcode normConv3d}. */
export const normConv3dOp = defineOp<Inputs, NormConvAttributes>({
  name: "normConv3d",
  differentiable: ["x", "scale", "bias", "weight", "convBias"],
  validate({ x, scale, bias, weight, convBias }, attributes) {
    norm.validate({ x, scale, bias }, attributes);
    conv.validate({ x, weight, bias: convBias }, STEP);
  },
  reference({ x, scale, bias, weight, convBias }, attributes) {
    return conv.reference({ x: norm.reference({ x, scale, bias }, attributes), weight, bias: convBias }, STEP);
  },
  forward({ x, scale, bias, weight, convBias }, attributes) {
    const { output: y, saved } = norm.forward({ x, scale, bias }, attributes);
    const { output } = conv.forward({ x: y, weight, bias: convBias }, STEP);
    for (const tensor of new Set([y, ...saved])) if (tensor !== x && tensor !== scale) tensor.dispose();
    return { output, saved: [x, scale, bias, weight, ...(convBias ? [convBias] : [])] };
  },
  backward(dy, [x, scale, bias, weight, ...convBias], attributes) {
    const { output: y, saved } = norm.forward({ x, scale, bias }, attributes);
    const [dNormalised, ...ofConv] = conv.backward(dy, [y, weight, ...convBias], STEP);
    return [...norm.backward(dNormalised, saved, attributes), ...ofConv];
  },
});

/**
 * The convolution of a normalised tensor: `conv3d(groupNorm(x))`, with less memory.
 *
 * One after the other they keep x and the normalised tensor for the backward pass, which together are most of what a residual
 * network stores. Here the normalised tensor is computed again when its gradient is needed, for a pass over memory.
 *
 * Shapes: x `[B, D, H, W, C]`, weight `[k, k, k, C, Cout]` with odd k; of the normalisation scale and bias `[C]`; convBias
 * `[Cout]` → `[B, D, H, W, Cout]`.
 *
 * @throws {TypeError | RangeError} as `groupNorm()` and `conv3d()` do
 */
export function normConv3d(
  x: Tensor,
  weight: Tensor,
  { scale, bias, convBias, groups, epsilon, activation = "none" }: {
    readonly scale: Tensor;
    readonly bias: Tensor;
    readonly convBias?: Tensor;
    readonly groups: number;
    readonly epsilon: number;
    readonly activation?: NormActivation;
  },
): Tensor5D {
  return normConv3dOp({ x, scale, bias, weight, convBias }, { groups, epsilon, activation }) as Tensor5D;
}
