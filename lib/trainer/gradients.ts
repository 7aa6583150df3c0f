/** From summed gradients to those the optimiser applies. */
import type { TemplateGradient, Templates } from "../templates/mod.ts";
import { scaleAll, sumsOfSquares, takeValues, tf } from "../tensor/mod.ts";
import type { Tensor } from "../tensor/mod.ts";

/** What happens to gradients before an update. */
export interface FinishOptions {
  /** What the losses were multiplied by; then the gradients are watched for values that are not finite. Default: nothing. */
  readonly lossScale?: number;
  /** Batches that were summed. */
  readonly accumulationSteps: number;
  /** Largest norm of the model's gradient, templates apart; null = no clipping. */
  readonly clipNorm: number | null;
  /** Null where none are trained; the options that follow have no meaning then. */
  readonly templates: Templates | null;
  readonly templateGradient: TemplateGradient;
  /** Smoothing passes over the templates' gradient. */
  readonly templateSmoothing: number;
}

/** What {@linkcode finishGradients} makes. */
export interface FinishedGradients {
  readonly norm: number;
  readonly gradients: Map<string, Tensor>;
  /** Always true where the losses were not scaled. */
  readonly isFinite: boolean;
}

/**
 * Averages the sums over the batches, clips the model's part, and turns the templates' part into the optimiser's.
 *
 * The templates are left out of the norm: at their first step their gradient is 10⁹ times too large (see
 * {@linkcode Templates.optimizerGradient}) and would clip everything else to nothing.
 *
 * @param sums gradients by parameter name; emptied and freed
 * @returns the norm of the model's gradient before clipping, and new tensors for the caller to free: none where a scaled
 *   loss has left gradients that are not finite
 */
export async function finishGradients(sums: Map<string, Tensor>, options: FinishOptions): Promise<FinishedGradients> {
  const { clipNorm, templates, templateGradient: kind, templateSmoothing: smoothing, lossScale } = options;
  // The losses of all batches were scaled alike.
  const divisor = options.accumulationSteps * (lossScale ?? 1);
  const templateName = templates?.parameter.name;
  const ofModel = [...sums].flatMap(([name, sum]) => name === templateName ? [] : [sum]);
  const norm = await gradientNorm(ofModel) / divisor;
  const ofTemplates = templateName === undefined ? undefined : sums.get(templateName);
  if (lossScale !== undefined && !Number.isFinite(norm + await gradientNorm(ofTemplates ? [ofTemplates] : []))) {
    tf.dispose([...sums.values()]);
    sums.clear();
    return { norm, gradients: new Map(), isFinite: false };
  }
  const factor = clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
  const gradients = new Map<string, Tensor>();
  for (const group of groupsOf([...sums].filter(([name]) => name !== templateName), TOGETHER)) {
    const scaled = scaleAll(group.map(([, sum]) => sum), factor / divisor);
    group.forEach(([name, sum], i) => {
      sum.dispose();
      gradients.set(name, scaled[i]);
    });
  }
  if (templates !== null && ofTemplates) {
    const finished = tf.tidy(() => {
      const [average] = scaleAll([ofTemplates], 1 / divisor);
      return templates.optimizerGradient(average, { kind, smoothing });
    });
    ofTemplates.dispose();
    gradients.set(templates.parameter.name, finished);
  }
  sums.clear();
  return { norm, gradients, isFinite: true };
}

/** L2 norm over all gradients. */
export async function gradientNorm(gradients: readonly Tensor[]): Promise<number> {
  if (gradients.length === 0) return 0;
  const squares = await takeValues(sumsOfSquares(gradients));
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0));
}

/** Gradients that are scaled at a time: a GPU takes many in one call, but memory holds them twice meanwhile. */
const TOGETHER = 16;

function groupsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
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
