/** Loss and gradient of one batch: forward, three losses, backward. */
import { infoNceLoss } from "../losses/mod.ts";
import type { PretrainModel } from "../model/mod.ts";
import type { Templates } from "../templates/mod.ts";
import { sampleSquaredError, shapeOf, takeValues, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor } from "../tensor/mod.ts";
import type { TrainedParameter } from "./adamw.ts";
import type { MethodOptions } from "./options.ts";
import { planTargets } from "./targets.ts";
import type { BatchPlace, Target } from "./targets.ts";
import { buildViews, disposePass, gatherPass } from "./views.ts";
import type { ViewSample } from "./views.ts";

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
}

/** Where and how a step runs. */
export interface StepOptions {
  readonly method: MethodOptions;
  readonly place: BatchPlace;
  /** Whether contrastive learning takes part. */
  readonly contrastive: boolean;
  /** Whether blocks are computed again in the backward pass. */
  readonly recomputeBlocks?: boolean;
}

/**
 * Computes losses and gradients of a batch: L = λ_CMR·L_CMR + λ_MD·L_MD + λ_CL·L_CL.
 *
 * L_MD averages the error of the first views and L_CMR that of the second ones. A subject with a single modality has no
 * cross-modal view: both its views are filled from the template and count, averaged, for L_MD alone.
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
  const distilled = options.method.mdWeight > 0 || options.contrastive;
  const passes = planTargets(samples.map(({ modalities }) => modalities), options)
    .map((targets) => targets.filter(({ hasPartner }) => distilled || hasPartner))
    .filter((targets) => targets.length > 0);
  const partnered = sum(passes.flat().map(({ hasPartner, share }) => hasPartner ? share : 0));
  const gradients = new Map<string, Tensor>();
  const terms: PassLosses[] = [];
  for (const targets of passes) {
    const pass = await passGradients(samples, parts, { ...options, targets, partnered, distilled });
    terms.push(pass.losses);
    for (const [name, gradient] of pass.gradients) addGradient(gradients, name, gradient);
  }
  const total = (part: (losses: PassLosses) => number): number => sum(terms.map(part));
  const losses = {
    total: total((losses) => losses.total),
    cmr: partnered > 0 ? total((losses) => losses.cmr) : null,
    md: distilled ? total((losses) => losses.md) : null,
    cl: options.contrastive ? total((losses) => losses.cl) : null,
  };
  return { losses, gradients };
}

type PassLosses = Record<"total" | "cmr" | "md" | "cl", number>;
type PassOptions = StepOptions & {
  readonly targets: readonly Target[];
  readonly partnered: number;
  /** Whether there are first views. */
  readonly distilled: boolean;
};

async function passGradients(
  samples: readonly ViewSample[],
  { model, templates, parameters }: StepParts,
  { method, place, contrastive, recomputeBlocks, targets, partnered, distilled }: PassOptions,
): Promise<{ losses: PassLosses; gradients: Map<string, Tensor> }> {
  const inputs = gatherPass(samples, { targets, place, mask: method });
  const shares = viewShares(targets, { partnered, distilled });
  const parts: Scalar[] = [];
  const { value, grads } = tf.variableGrads(() => {
    const views = buildViews(inputs, { samples, targets, templates, distilled });
    const { features, reconstruction } = model.forward(views, { training: true, recomputeBlocks });
    const errors = sampleSquaredError(
      reconstruction,
      distilled ? tf.concat([inputs.truth, inputs.truth], 0) : inputs.truth,
    );
    const md = tf.sum(tf.mul(errors, tf.tensor1d(shares.md))) as Scalar;
    const cmr = tf.sum(tf.mul(errors, tf.tensor1d(shares.cmr))) as Scalar;
    const cl = contrastive ? contrastiveLoss(features[features.length - 1], { targets, method }) : tf.scalar(0);
    parts.push(...[cmr, md, cl].map((part) => tf.keep(tf.clone(part))));
    const reconstructionLoss = tf.add(tf.mul(cmr, method.cmrWeight), tf.mul(md, method.mdWeight));
    return tf.add(reconstructionLoss, tf.mul(cl, method.clWeight)) as Scalar;
  }, parameters.map(({ variable }) => variable));
  const [total, cmr, md, cl] = await takeValues(tf.tidy(() => tf.stack([value, ...parts])));
  const losses = { total, cmr, md, cl };
  tf.dispose([value, ...parts]);
  disposePass(inputs);
  const named = parameters.flatMap(({ name, variable }): [string, Tensor][] =>
    grads[variable.name] ? [[name, grads[variable.name]]] : []
  );
  return { losses, gradients: new Map(named) };
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
function contrastiveLoss(
  features: Tensor,
  { targets, method }: { targets: readonly Target[]; method: MethodOptions },
): Scalar {
  const count = targets.length;
  const rest = shapeOf(features).slice(1);
  const zeros = rest.map(() => 0);
  const first = tf.slice(features, [0, ...zeros], [count, ...rest]);
  const second = tf.slice(features, [count, ...zeros], [count, ...rest]);
  const share = sum(targets.map((target) => target.share));
  return tf.mul(infoNceLoss(first, second, { temperature: method.temperature }), share) as Scalar;
}

/** Adds a gradient to a sum, freeing what it replaces. */
export function addGradient(sums: Map<string, Tensor>, name: string, gradient: Tensor): void {
  const before = sums.get(name);
  if (!before) {
    sums.set(name, gradient);
    return;
  }
  sums.set(name, tf.add(before, gradient));
  tf.dispose([before, gradient]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
