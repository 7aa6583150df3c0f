/** Classification as fine-tuning sees it: loss and gradients of a batch, accuracy on held-out subjects. */
import { augmentSample } from "../dataset/mod.ts";
import type { AugmentOptions, LabelledSample, TemplateVolume } from "../dataset/mod.ts";
import { classificationLoss } from "../losses/mod.ts";
import { classificationScores } from "../metrics/mod.ts";
import type { ClassifiedCase } from "../metrics/mod.ts";
import type { ClassificationModel, Parameter } from "../model/mod.ts";
import { takeValues, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor2D } from "../tensor/mod.ts";
import { stackVoxels } from "./_labelled_batch.ts";
import type { BatchOutcome, FinetunePlace, Objective, ObjectiveScore } from "./finetune.ts";
import { scaleLoss } from "./loss_scale.ts";
import { namedGradients } from "./segmentation_objective.ts";

/** What a classification works with. */
export interface ClassificationParts {
  readonly model: ClassificationModel;
  /** Number of classes. */
  readonly classes: number;
  /** Weight of every class in the loss. */
  readonly classWeights: readonly number[];
  /** Only the head learns: the encoder stays as it is, running statistics included. */
  readonly freezeEncoder: boolean;
  readonly templates: readonly TemplateVolume[];
  readonly augment: AugmentOptions;
  readonly recomputeBlocks: boolean;
}

/** The objective of a classification task: weighted cross-entropy. */
export class ClassificationObjective implements Objective {
  readonly parameters: readonly Parameter[];
  readonly trained: readonly Parameter[];
  readonly #parts: ClassificationParts;

  /** An objective on a model of as many classes. */
  constructor(parts: ClassificationParts) {
    this.#parts = parts;
    this.parameters = parts.model.parameters;
    this.trained = this.parameters.filter(({ name, trainable }) => {
      return trainable && (!parts.freezeEncoder || name.startsWith("head."));
    });
  }

  /** Loss and gradients of a batch; the caller frees the gradients. */
  async gradients(
    samples: readonly LabelledSample[],
    place: FinetunePlace,
    { lossScale = 1 }: { readonly lossScale?: number } = {},
  ): Promise<BatchOutcome> {
    const { model, classes, classWeights, freezeEncoder, recomputeBlocks, augment, templates } = this.#parts;
    const { seed, epoch, subjects } = place;
    const crops = samples.map((sample, i) =>
      augmentSample(sample, { ...augment, templates, place: { seed, epoch, subject: subjects[i] } })
    );
    const x = stackVoxels(crops);
    const target = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(samples.map(classOf), "int32"), classes), "float32"));
    const weights = tf.tensor1d([...classWeights]);
    const mode = { training: true, recomputeBlocks };
    const pooled = freezeEncoder ? tf.tidy(() => model.pool(x, { training: false })) : null;
    const { value, grads } = tf.variableGrads(() => {
      const logits = pooled ? model.classify(pooled, mode) : model.forward(x, mode);
      return scaleLoss(classificationLoss(logits, target, { weights }) as Scalar, lossScale);
    }, this.trained.map(({ variable }) => variable));
    const [scaled] = await takeValues(tf.tidy(() => tf.stack([value])));
    tf.dispose([value, x, target, weights, ...(pooled ? [pooled] : [])]);
    return { loss: scaled / lossScale, consistency: null, gradients: namedGradients(this.trained, grads) };
  }

  /** Accuracy on held-out subjects, in evaluation mode; ties between validations go to the lower loss. */
  async validate(samples: AsyncIterable<LabelledSample>): Promise<ObjectiveScore> {
    const { model, classes } = this.#parts;
    const cases: ClassifiedCase[] = [];
    for await (const sample of samples) {
      const x = stackVoxels([sample]);
      const probabilities = await takeValues(tf.tidy(() => {
        return tf.softmax(model.forward(x, { training: false })) as Tensor2D;
      }));
      x.dispose();
      cases.push({ label: classOf(sample), probabilities: [...probabilities] });
    }
    const { accuracy, balancedAccuracy, auc } = classificationScores(cases, classes);
    const loss = crossEntropy(cases);
    // JSON has no NaN.
    const known = Number.isNaN(auc) ? null : auc;
    return {
      record: { kind: "classification", loss, accuracy, balancedAccuracy, auc: known, subjects: cases.length },
      score: [balancedAccuracy, -loss],
    };
  }
}

/** Smallest probability that is taken at its word: the loss stays finite. */
const TINY = 1e-12;

function crossEntropy(cases: readonly ClassifiedCase[]): number {
  const losses = cases.map(({ label, probabilities }) => -Math.log(Math.max(TINY, probabilities[label])));
  return losses.reduce((sum, loss) => sum + loss, 0) / cases.length;
}

/**
 * Weights that give every class the same share of the loss: n / (classes · nᶜ); 0 for a class that does not occur.
 */
export function balancedWeights(classIndices: readonly number[], classes: number): number[] {
  return Array.from({ length: classes }, (_, c) => {
    const count = classIndices.filter((index) => index === c).length;
    return count === 0 ? 0 : classIndices.length / (classes * count);
  });
}

function classOf({ subject, classIndex }: LabelledSample): number {
  if (classIndex === null) {
    throw new RangeError(`Cannot learn classification: expected a class of ${subject}, got none`);
  }
  return classIndex;
}
