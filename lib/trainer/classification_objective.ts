/** Classification as fine-tuning sees it: loss and gradients of a batch, accuracy on held-out subjects. */
import { augmentSample } from "../dataset/mod.ts";
import type { AugmentOptions, LabelledSample, TemplateVolume } from "../dataset/mod.ts";
import { classificationLoss } from "../losses/mod.ts";
import type { ClassificationModel, Parameter } from "../model/mod.ts";
import { takeValues, tf } from "../tensor/mod.ts";
import type { Scalar, Tensor2D } from "../tensor/mod.ts";
import { stackVoxels } from "./_labelled_batch.ts";
import type { BatchOutcome, FinetunePlace, Objective, ObjectiveScore } from "./finetune.ts";
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
  async gradients(samples: readonly LabelledSample[], place: FinetunePlace): Promise<BatchOutcome> {
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
      return classificationLoss(logits, target, { weights }) as Scalar;
    }, this.trained.map(({ variable }) => variable));
    const [loss] = await takeValues(tf.tidy(() => tf.stack([value])));
    tf.dispose([value, x, target, weights, ...(pooled ? [pooled] : [])]);
    return { loss, consistency: null, gradients: namedGradients(this.trained, grads) };
  }

  /** Accuracy on held-out subjects, in evaluation mode; ties between validations go to the lower loss. */
  async validate(samples: AsyncIterable<LabelledSample>): Promise<ObjectiveScore> {
    const { model, classes } = this.#parts;
    const rows: ScoredSubject[] = [];
    for await (const sample of samples) {
      const x = stackVoxels([sample]);
      const probabilities = await takeValues(tf.tidy(() => {
        return tf.softmax(model.forward(x, { training: false })) as Tensor2D;
      }));
      x.dispose();
      rows.push({ classIndex: classOf(sample), probabilities });
    }
    const scores = scoreClasses(rows, classes);
    return {
      record: { kind: "classification", ...scores, subjects: rows.length },
      score: [scores.balancedAccuracy, -scores.loss],
    };
  }
}

/** Probabilities of one subject's classes, and which is true. */
export interface ScoredSubject {
  readonly classIndex: number;
  readonly probabilities: ArrayLike<number>;
}

/**
 * Loss, accuracy, balanced accuracy (over the classes that occur) and, of two classes, the area under the ROC curve:
 * the share of pairs of one subject of each class that are ranked rightly, ties counting a half.
 */
export function scoreClasses(
  rows: readonly ScoredSubject[],
  classes: number,
): { loss: number; accuracy: number; balancedAccuracy: number; auc: number | null } {
  const isRight = ({ classIndex, probabilities }: ScoredSubject): boolean => {
    const values = Array.from(probabilities);
    return values.indexOf(Math.max(...values)) === classIndex;
  };
  const share = (some: readonly ScoredSubject[]): number => some.filter(isRight).length / some.length;
  const byClass = Array.from({ length: classes }, (_, c) => rows.filter(({ classIndex }) => classIndex === c));
  const occurring = byClass.filter(({ length }) => length > 0);
  const tiny = 1e-12;
  const losses = rows.map(({ classIndex, probabilities }) => -Math.log(Math.max(tiny, probabilities[classIndex])));
  return {
    loss: losses.reduce((sum, loss) => sum + loss, 0) / rows.length,
    accuracy: share(rows),
    balancedAccuracy: occurring.reduce((sum, some) => sum + share(some), 0) / occurring.length,
    auc: classes === 2 && occurring.length === 2 ? areaUnderRoc(byClass[0], byClass[1]) : null,
  };
}

function areaUnderRoc(negatives: readonly ScoredSubject[], positives: readonly ScoredSubject[]): number {
  let rightly = 0;
  for (const { probabilities: [, low] } of negatives.map(asPair)) {
    for (const { probabilities: [, high] } of positives.map(asPair)) {
      rightly += high > low ? 1 : high === low ? 0.5 : 0;
    }
  }
  return rightly / (negatives.length * positives.length);
}

function asPair({ probabilities }: ScoredSubject): { probabilities: number[] } {
  return { probabilities: Array.from(probabilities) };
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
