/** The table of operations, one line each: read by models, tests and benchmarks. */
import type { Attributes, Op, OpCase, OpDefinition, OpInputs } from "../op.ts";
import type { Tensor } from "../tf.ts";
import { selfAttentionOp } from "./attention/mod.ts";
import { cases as attentionCases } from "./attention/cases.ts";
import { batchNormOp, scaleShiftOp } from "./batch_norm/mod.ts";
import { cases as batchNormCases, scaleShiftCases } from "./batch_norm/cases.ts";
import { conv3dOp } from "./conv3d/mod.ts";
import { cases as conv3dCases } from "./conv3d/cases.ts";
import { depthwiseConv3dOp } from "./depthwise_conv3d/mod.ts";
import { cases as depthwiseCases } from "./depthwise_conv3d/cases.ts";
import { geluOp } from "./gelu/mod.ts";
import { cases as geluCases } from "./gelu/cases.ts";
import { groupNormOp } from "./group_norm/mod.ts";
import { cases as groupNormCases } from "./group_norm/cases.ts";
import { layerNormOp } from "./layer_norm/mod.ts";
import { cases as layerNormCases } from "./layer_norm/cases.ts";
import { leakyReluOp } from "./leaky_relu/mod.ts";
import { cases as leakyReluCases } from "./leaky_relu/cases.ts";
import { linearOp } from "./linear/mod.ts";
import { cases as linearCases } from "./linear/cases.ts";
import { maskedFillOp } from "./masked_fill/mod.ts";
import { cases as maskedFillCases } from "./masked_fill/cases.ts";
import { mlpOp } from "./mlp/mod.ts";
import { cases as mlpCases } from "./mlp/cases.ts";
import { normConv3dOp } from "./norm_conv3d/mod.ts";
import { cases as normConvCases } from "./norm_conv3d/cases.ts";
import { depthToSpace3dOp, spaceToDepth3dOp } from "./space_to_depth/mod.ts";
import { cases as spaceToDepthCases, depthToSpaceCases } from "./space_to_depth/cases.ts";
import { residualAddOp } from "./residual_add/mod.ts";
import { cases as residualAddCases } from "./residual_add/cases.ts";
import { sampleSquaredErrorOp } from "./squared_error/mod.ts";
import { cases as squaredErrorCases } from "./squared_error/cases.ts";
import { templateWindowOp } from "./template_window/mod.ts";
import { cases as templateWindowCases } from "./template_window/cases.ts";
import { upsampleNearestOp } from "./upsample_nearest/mod.ts";
import { cases as upsampleNearestCases } from "./upsample_nearest/cases.ts";
import { upsampleTrilinearOp } from "./upsample_trilinear/mod.ts";
import { cases as upsampleTrilinearCases } from "./upsample_trilinear/cases.ts";

export { adamwUpdate, adamwUpdateInPlace } from "./adamw/mod.ts";
export type { AdamwOptions, AdamwParameter, WeightDecayKind } from "./adamw/mod.ts";
export { selfAttention } from "./attention/mod.ts";
export { batchNorm, frozenBatchNorm } from "./batch_norm/mod.ts";
export type { ObserveMoments, SharedBatch } from "./batch_norm/mod.ts";
export { conv3d } from "./conv3d/mod.ts";
export { depthwiseConv3d } from "./depthwise_conv3d/mod.ts";
export { gelu } from "./gelu/mod.ts";
export { groupNorm } from "./group_norm/mod.ts";
export { layerNorm } from "./layer_norm/mod.ts";
export { leakyRelu } from "./leaky_relu/mod.ts";
export { linear } from "./linear/mod.ts";
export { maskedFill } from "./masked_fill/mod.ts";
export { mlp } from "./mlp/mod.ts";
export { normConv3d } from "./norm_conv3d/mod.ts";
export { depthToSpace3d, spaceToDepth3d } from "./space_to_depth/mod.ts";
export { smoothVolumes } from "./smooth_volumes/mod.ts";
export { residualAdd } from "./residual_add/mod.ts";
export { sampleSquaredError } from "./squared_error/mod.ts";
export { scaleAll } from "./scale_all/mod.ts";
export { sumOfSquares, sumsOfSquares } from "./sum_of_squares/mod.ts";
export { templateWindow } from "./template_window/mod.ts";
export type { TemplateWindow } from "./template_window/mod.ts";
export { timesRange } from "./times_range/mod.ts";
export { upsampleNearest } from "./upsample_nearest/mod.ts";
export { upsampleTrilinear } from "./upsample_trilinear/mod.ts";

/** One op of the table, its types erased so that tests and benchmarks can walk over all. */
export interface OpEntry {
  readonly definition: OpDefinition<Record<string, Tensor | undefined>, Attributes>;
  readonly cases: readonly OpCase[];
  apply(inputs: Record<string, Tensor | undefined>, attributes: Attributes): Tensor;
}

function entry<I extends OpInputs<I>, A extends Attributes>(op: Op<I, A>, cases: readonly OpCase[]): OpEntry {
  const definition = op.definition as unknown as OpEntry["definition"];
  return { definition, cases, apply: op as unknown as OpEntry["apply"] };
}

/** All differentiable operations. */
export const OPS: readonly OpEntry[] = [
  entry(batchNormOp, batchNormCases),
  entry(conv3dOp, conv3dCases),
  entry(depthToSpace3dOp, depthToSpaceCases),
  entry(depthwiseConv3dOp, depthwiseCases),
  entry(geluOp, geluCases),
  entry(groupNormOp, groupNormCases),
  entry(layerNormOp, layerNormCases),
  entry(leakyReluOp, leakyReluCases),
  entry(linearOp, linearCases),
  entry(maskedFillOp, maskedFillCases),
  entry(mlpOp, mlpCases),
  entry(normConv3dOp, normConvCases),
  entry(residualAddOp, residualAddCases),
  entry(sampleSquaredErrorOp, squaredErrorCases),
  entry(scaleShiftOp, scaleShiftCases),
  entry(selfAttentionOp, attentionCases),
  entry(spaceToDepth3dOp, spaceToDepthCases),
  entry(templateWindowOp, templateWindowCases),
  entry(upsampleNearestOp, upsampleNearestCases),
  entry(upsampleTrilinearOp, upsampleTrilinearCases),
];
