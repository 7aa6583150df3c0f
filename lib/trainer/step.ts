/** Loss and gradient of one batch, or of a rank's part of it: forward, three losses, backward. */
import { SINGLE_RANK } from "../communicator.ts";
import type { Communicator } from "../communicator.ts";
import type { Triple } from "../geometry.ts";
import { infoNceLoss } from "../losses/mod.ts";
import type { PretrainModel } from "../model/mod.ts";
import type { Templates } from "../templates/mod.ts";
import { gatherRows, sampleSquaredError, shapeOf, takeValues, tf, watchGradients } from "../tensor/mod.ts";
import type { Scalar, SharedBatch, Tensor, Tensor2D } from "../tensor/mod.ts";
import type { TrainedParameter } from "./adamw.ts";
import { addGradient } from "./gradients.ts";
import { scaleLoss } from "./loss_scale.ts";
import type { MethodOptions } from "./options.ts";
import { planTargets } from "./targets.ts";
import type { BatchPlace, Target } from "./targets.ts";
import { buildViews, disposePass, gatherPass } from "./views.ts";
import type { ViewSample } from "./views.ts";
import { batchShares, describeBatch } from "./whole_batch.ts";

/** Unweighted losses of a batch; null where a loss had nothing to work on or was off. */
export interface BatchLosses {
  readonly total: number;
  readonly cmr: number | null;
  readonly md: number | null;
  readonly cl: number | null;
}

/** What a step works with. */
export interface StepParts {
  readonly model: PretrainModel;
  readonly templates: Templates;
  readonly parameters: readonly TrainedParameter[];
  /** The ranks that share the batch; default: this one alone. */
  readonly communicator?: Communicator;
}

/** Where and how a step runs. */
export interface StepOptions {
  readonly method: MethodOptions;
  readonly place: BatchPlace;
  /** Whether contrastive learning takes part. */
  readonly contrastive: boolean;
  /** Whether blocks are computed again in the backward pass. */
  readonly recomputeBlocks?: boolean;
  /** What the loss is multiplied by before its gradients are computed, which come out as large; default 1. */
  readonly lossScale?: number;
  /** Whether batch norms are over all ranks; default yes. */
  readonly synchronizeBatchNorm?: boolean;
  /** Place of the first sample in the batch, and samples of the batch over all ranks; default: all of it is here. */
  readonly whole?: { readonly first: number; readonly count: number };
  /**
   * Told a parameter's gradient of the whole batch, in parts to be summed, as soon as it is known, while the backward pass
   * goes on. Not all parameters are told of. Values are read, which a GPU does not allow within a gradient.
   */
  readonly onGradient?: (name: string, parts: readonly Float32Array[]) => void;
}

/**
 * Computes losses and gradients of a batch: L = λ_CMR·L_CMR + λ_MD·L_MD + λ_CL·L_CL.
 *
 * L_MD averages the error of the first views and L_CMR that of the second ones. A subject with a single modality has no
 * cross-modal view: both its views are filled from the template and count, averaged, for L_MD alone.
 *
 * Of a batch that ranks share, the losses and gradients are this rank's part: summed over the ranks they are those of
 * the batch, as one rank would compute them.
 *
 * With λ_MD 0 and without contrastive learning nothing is done with first views: they, and subjects with a single modality,
 * are left out, so that batch statistics are those of the cross-modal views alone.
 *
 * @returns losses, and gradients by parameter name, which the caller frees
 * @see BrainMVP, arXiv 2410.10604, total loss
 */
export async function batchGradients(
  samples: readonly ViewSample[],
  parts: StepParts,
  options: StepOptions,
): Promise<{ losses: BatchLosses; gradients: Map<string, Tensor> }> {
  const { communicator = SINGLE_RANK } = parts;
  const distilled = options.method.mdWeight > 0 || options.contrastive;
  const batch = describeBatch(samples, { whole: options.whole, communicator });
  const shares = batchShares(batch, { ...options.method, distilled });
  const plan = planTargets(samples.map(({ modalities }) => modalities), options)
    .map((targets) => targets.filter(({ hasPartner }) => distilled || hasPartner));
  const gradients = new Map<string, Tensor>();
  const terms: PassLosses[] = [];
  for (const [pass, share] of shares.passes.entries()) {
    const isLast = pass === shares.passes.length - 1;
    const part = partOf(plan[pass] ?? [], { samples, cropSize: batch.cropSize, templates: parts.templates });
    const result = await passGradients(part.samples, { ...parts, communicator }, {
      ...options,
      ...part,
      share,
      partnered: shares.partnered,
      distilled,
      onGradient: isLast ? withEarlier(gradients, options.onGradient) : undefined,
    });
    terms.push(result.losses);
    for (const [name, gradient] of result.gradients) addGradient(gradients, name, gradient);
  }
  const total = (part: (losses: PassLosses) => number): number => sum(terms.map(part));
  const losses = {
    total: total((losses) => losses.total),
    cmr: shares.partnered > 0 ? total((losses) => losses.cmr) : null,
    md: distilled ? total((losses) => losses.md) : null,
    cl: options.contrastive ? total((losses) => losses.cl) : null,
  };
  return { losses, gradients };
}

/** What a rank computes in a pass. */
interface PassPart {
  readonly samples: readonly ViewSample[];
  readonly targets: readonly Target[];
  /** False: the samples stand in for none. */
  readonly counts: boolean;
}

/**
 * This rank's part of a pass. A rank without any computes an empty crop that counts for nothing: batch norms and
 * negatives are exchanged within the pass, and all ranks must take part.
 */
function partOf(
  targets: readonly Target[],
  { samples, cropSize, templates }: { samples: readonly ViewSample[]; cropSize: Triple; templates: Templates },
): PassPart {
  if (targets.length > 0) return { samples, targets, counts: true };
  const [modality] = templates.modalities;
  const voxels = new Float32Array(cropSize[0] * cropSize[1] * cropSize[2]);
  const empty: ViewSample = { modalities: [modality], voxels, cropSize, templateStart: [0, 0, 0] };
  const target: Target = { sample: 0, position: 0, channel: 0, source: null, share: 0, hasPartner: false };
  return { samples: [empty], targets: [target], counts: false };
}

/** Adds the sums of earlier passes to what a listener is told. */
function withEarlier(
  sums: ReadonlyMap<string, Tensor>,
  listener: StepOptions["onGradient"],
): StepOptions["onGradient"] {
  return listener && ((name, parts) => {
    const before = sums.get(name);
    listener(name, before ? [...parts, before.dataSync<"float32">()] : parts);
  });
}

type PassLosses = Record<"total" | "cmr" | "md" | "cl", number>;
type PassOptions = StepOptions & PassPart & {
  /** Share of the pass in the batch's loss, over all ranks. */
  readonly share: number;
  readonly partnered: number;
  /** Whether there are first views. */
  readonly distilled: boolean;
};
type PassParts = StepParts & { readonly communicator: Communicator };

async function passGradients(
  samples: readonly ViewSample[],
  { model, templates, parameters, communicator }: PassParts,
  options: PassOptions,
): Promise<{ losses: PassLosses; gradients: Map<string, Tensor> }> {
  const { method, place, contrastive, recomputeBlocks, targets, partnered, distilled, lossScale = 1 } = options;
  const inputs = gatherPass(samples, { targets, place, mask: method });
  const shares = viewShares(targets, { partnered, distilled });
  const shared = sharedBatch(communicator, options);
  // Running statistics must not see a stand-in.
  const mode = { training: true, recomputeBlocks, shared, recomputing: !options.counts && !shared };
  const parts: Scalar[] = [];
  const compute = (): Scalar => {
    const views = buildViews(inputs, { samples, targets, templates, distilled });
    const { features, reconstruction } = model.forward(views, mode);
    const truths = distilled ? tf.concat([inputs.truth, inputs.truth], 0) : inputs.truth;
    const errors = sampleSquaredError(reconstruction, truths);
    const md = tf.sum(tf.mul(errors, tf.tensor1d(shares.md))) as Scalar;
    const cmr = tf.sum(tf.mul(errors, tf.tensor1d(shares.cmr))) as Scalar;
    const cl = contrastive ? contrastiveLoss(features[features.length - 1], communicator, options) : tf.scalar(0);
    parts.push(...[cmr, md, cl].map((part) => tf.keep(tf.clone(part))));
    const reconstructionLoss = tf.add(tf.mul(cmr, method.cmrWeight), tf.mul(md, method.mdWeight));
    return scaleLoss(tf.add(reconstructionLoss, tf.mul(cl, method.clWeight)) as Scalar, lossScale);
  };
  const { value, grads } = watchedGradients(compute, parameters, options.onGradient);
  const [scaledTotal, cmr, md, cl] = await takeValues(tf.tidy(() => tf.stack([value, ...parts])));
  const total = scaledTotal / lossScale;
  tf.dispose([value, ...parts]);
  disposePass(inputs);
  const named = parameters.flatMap(({ name, variable }): [string, Tensor][] =>
    grads[variable.name] ? [[name, grads[variable.name]]] : []
  );
  // All ranks have computed the same loss of all rows: it is the part of the first.
  const isOwn = !gathers(communicator, options) || communicator.rank === 0;
  const losses = isOwn ? { total, cmr, md, cl } : { total: total - method.clWeight * cl, cmr, md, cl: 0 };
  return { losses, gradients: new Map(named) };
}

/** Loss and gradients; the listener is told of those that are complete before all are. */
function watchedGradients(
  compute: () => Scalar,
  parameters: readonly TrainedParameter[],
  listener: StepOptions["onGradient"],
): { value: Scalar; grads: Record<string, Tensor> } {
  const differentiate = () => tf.variableGrads(compute, parameters.map(({ variable }) => variable));
  if (!listener) return differentiate();
  const names = new Map(parameters.map(({ name, variable }) => [variable, name]));
  const told = new Map<string, Tensor>();
  const result = watchGradients((variable, gradient) => {
    const name = names.get(variable);
    if (name === undefined) return;
    told.set(variable.name, gradient);
    listener(name, [gradient.dataSync<"float32">()]);
  }, differentiate);
  for (const [name, gradient] of told) {
    // What the listener was told and has passed on was a part only.
    if (result.grads[name] !== gradient) throw new Error(`Cannot watch the gradient of ${name}: it is used twice`);
  }
  return result;
}

function sharedBatch(
  communicator: Communicator,
  { counts, synchronizeBatchNorm = true }: PassOptions,
): SharedBatch | undefined {
  if (communicator.size === 1 || !synchronizeBatchNorm) return undefined;
  return { allReduceSum: (values) => communicator.allReduceSum(values), counts };
}

/** Whether the rows of all ranks are negatives of one another. */
function gathers({ size }: Communicator, { method }: Pick<PassOptions, "method">): boolean {
  return size > 1 && method.gatherNegatives;
}

/** Share of every view, first views before second ones, in L_MD and L_CMR. */
function viewShares(
  targets: readonly Target[],
  { partnered, distilled }: { partnered: number; distilled: boolean },
): { md: number[]; cmr: number[] } {
  const alone = targets.map(({ hasPartner, share }) => hasPartner ? 0 : share / 2);
  const first = targets.map(({ hasPartner, share }) => hasPartner ? share : share / 2);
  const second = targets.map(({ hasPartner, share }) => hasPartner ? share / partnered : 0);
  if (!distilled) return { md: alone, cmr: second };
  return { md: [...first, ...alone], cmr: [...targets.map(() => 0), ...second] };
}

/** InfoNCE between the deepest features of the two views, in proportion to the pass's share of the batch. */
function contrastiveLoss(features: Tensor, communicator: Communicator, options: PassOptions): Scalar {
  const { targets, method: { temperature }, counts } = options;
  const count = targets.length;
  const rest = shapeOf(features).slice(1);
  const zeros = rest.map(() => 0);
  const first = tf.slice(features, [0, ...zeros], [count, ...rest]);
  const second = tf.slice(features, [count, ...zeros], [count, ...rest]);
  if (!gathers(communicator, options)) {
    const share = sum(targets.map((target) => target.share));
    return tf.mul(infoNceLoss(first, second, { temperature }), share) as Scalar;
  }
  const gathering = {
    allGather: (rows: Float32Array) => communicator.allGather(rows),
    rank: communicator.rank,
    counts,
  };
  const gather = (rows: Tensor2D): Tensor2D => gatherRows(rows, gathering);
  return tf.mul(infoNceLoss(first, second, { temperature, gather }), options.share) as Scalar;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
