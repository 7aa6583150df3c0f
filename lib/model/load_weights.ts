/** Weights from files into models: by name, whatever program wrote them, and with an account of every one. */
import { CheckpointError, formatShape } from "../errors.ts";
import { sizeOf, tf } from "../tensor/mod.ts";
import { adaptChannels, isOtherChannels } from "./_first_conv.ts";
import { canonicalNames, commonPrefix } from "./_weight_names.ts";
import { toOurLayout } from "./parameters.ts";
import type { Parameter, ParameterDescription } from "./parameters.ts";

/** A tensor of a file, in official memory order. */
export interface WeightTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Reads the elements, row-major. */
  read(): Promise<ArrayLike<number> | BigInt64Array>;
}

/** What is done with a first convolution whose number of input channels is another. */
export const FIRST_CONV_RULES = ["skip", "mean", "replicate"] as const;

/** One of {@linkcode FIRST_CONV_RULES}. */
export type FirstConvRule = (typeof FIRST_CONV_RULES)[number];

/** How weights are matched. */
export interface MatchOptions {
  /** Path of the file, for messages. */
  readonly file: string;
  /**
   * `skip` (default) leaves it as it is in the model and reports its shape; `mean` spreads the mean kernel over all
   * channels; `replicate` repeats the kernels there are. Both keep the scale of the response: equal images in all
   * channels give what they gave before.
   */
  readonly firstConv?: FirstConvRule;
}

/** A parameter and the tensor for it. */
export interface MatchedWeight<P extends ParameterDescription, T extends WeightTensor> {
  readonly parameter: P;
  readonly tensor: T;
  /** True when the tensor has another number of input channels and is adapted as it is read. */
  readonly adapted: boolean;
  /** Reads the values in the official memory order and shape of the parameter; 64-bit values are rounded to float32. */
  read(): Promise<Float32Array>;
}

/** A parameter whose tensor has another shape; official shapes. */
export interface ShapeMismatch {
  readonly name: string;
  /** Name in the file. */
  readonly from: string;
  readonly expected: readonly number[];
  readonly got: readonly number[];
}

/** What becomes of every tensor of a file and of every parameter of a model. */
export interface WeightsMatch<P extends ParameterDescription, T extends WeightTensor> {
  readonly loaded: readonly MatchedWeight<P, T>[];
  /** Parameters that the file has no tensor for; they keep their values. */
  readonly missing: readonly P[];
  /** Tensors that the model has no parameter for; they are not read. */
  readonly unexpected: readonly T[];
  /** Parameters that keep their values because the file's tensor has another shape. */
  readonly mismatched: readonly ShapeMismatch[];
  /** What was taken off the names in the file, such as `module.`; empty when they match as they are. */
  readonly prefix: string;
}

const TEMPLATES = "rep_template";
const NAMED = 3;

/**
 * Finds the tensor of each parameter, and nothing is read yet.
 *
 * Names match as they are, under a prefix that all have in common, and across the official models: UniFormer's encoder is
 * `encoder.uniformer.X` in pre-training, `encoder.X` in segmentation and `X` by itself; UNET3D is `X`, `unet.X` or
 * `model.unet.X`, and only its last layer, `up1conv`, is not the same thing in pre-training and in segmentation.
 *
 * @param parameters of the model; templates are one more
 * @throws {CheckpointError} when nothing fits but at most the templates; the message has names of both sides
 */
export function matchWeights<P extends ParameterDescription, T extends WeightTensor>(
  parameters: readonly P[],
  tensors: Iterable<T>,
  options: MatchOptions,
): WeightsMatch<P, T> {
  const all = [...tensors];
  const match = compareWeights(parameters, all, options);
  if (match.loaded.some(({ parameter }) => parameter.name !== TEMPLATES)) return match;
  const [mismatch] = match.mismatched.filter(({ name }) => name !== TEMPLATES);
  const failure = `Cannot load weights from ${options.file}: expected`;
  if (mismatch !== undefined) {
    const { name, expected, got } = mismatch;
    throw new CheckpointError(
      `${failure} the shapes of the model, such as ${formatShape(expected)} of "${name}", got ${formatShape(got)}; ` +
        `none of ${all.length} tensors fits`,
    );
  }
  throw new CheckpointError(`${failure} names such as ${listNames(parameters)}, got ${listNames(all)}`);
}

/** The same as {@link matchWeights}, also when nothing fits. */
export function compareWeights<P extends ParameterDescription, T extends WeightTensor>(
  parameters: readonly P[],
  tensors: Iterable<T>,
  { firstConv = "skip" }: Pick<MatchOptions, "firstConv">,
): WeightsMatch<P, T> {
  const all = [...tensors];
  const modelNames = canonicalNames(parameters.map(({ name, officialShape: shape }) => ({ name, shape })));
  const targets = new Map(parameters.map((parameter, i) => [modelNames[i], parameter]));
  const prefix = commonPrefix(all.map(({ name }) => name), (name) => targets.has(name));
  const fileNames = canonicalNames(all.map(({ name, shape }) => {
    return { name: name.startsWith(prefix) ? name.slice(prefix.length) : name, shape };
  }));
  const sources = new Map<string, T>();
  const unexpected: T[] = [];
  for (const [i, tensor] of all.entries()) {
    const canonical = fileNames[i];
    const isTaken = targets.has(canonical) && !sources.has(canonical);
    if (isTaken) sources.set(canonical, tensor);
    else unexpected.push(tensor);
  }
  const loaded: MatchedWeight<P, T>[] = [];
  const missing: P[] = [];
  const mismatched: ShapeMismatch[] = [];
  for (const [canonical, parameter] of targets) {
    const tensor = sources.get(canonical);
    if (tensor === undefined) {
      missing.push(parameter);
      continue;
    }
    const { name, officialShape: expected } = parameter;
    const fits = String(expected) === String(tensor.shape);
    if (fits || (firstConv !== "skip" && isOtherChannels(canonical, expected, tensor.shape))) {
      loaded.push({ parameter, tensor, adapted: !fits, read: () => readWeight(parameter, { tensor, firstConv }) });
    } else mismatched.push({ name, from: tensor.name, expected, got: tensor.shape });
  }
  return { loaded, missing, unexpected, mismatched, prefix };
}

/**
 * Puts the weights of a file into a model, one tensor after another.
 *
 * @returns the account, to be shown: what is not in `loaded` kept its values
 * @throws {CheckpointError} as {@link matchWeights} does, before anything is changed
 */
export async function loadWeights<T extends WeightTensor>(
  parameters: readonly Parameter[],
  tensors: Iterable<T>,
  options: MatchOptions,
): Promise<WeightsMatch<Parameter, T>> {
  const match = matchWeights(parameters, tensors, options);
  for (const { parameter, read } of match.loaded) {
    const values = toOurLayout(await read(), parameter);
    tf.tidy(() => parameter.variable.assign(tf.tensor(values, [...parameter.shape])));
  }
  return match;
}

async function readWeight(
  { officialShape }: ParameterDescription,
  { tensor, firstConv }: { tensor: WeightTensor; firstConv: FirstConvRule },
): Promise<Float32Array> {
  const values = toFloat32(await tensor.read());
  if (firstConv === "skip" || values.length === sizeOf(officialShape)) return values;
  const [outputs, to] = officialShape;
  return adaptChannels(values, { outputs, from: tensor.shape[1], to, how: firstConv });
}

function toFloat32(values: ArrayLike<number> | BigInt64Array): Float32Array {
  if (values instanceof Float32Array) return values;
  return values instanceof BigInt64Array ? Float32Array.from(values, Number) : new Float32Array(values);
}

function listNames(named: readonly { readonly name: string }[]): string {
  if (named.length === 0) return "none";
  return named.slice(0, NAMED).map(({ name }) => `"${name}"`).join(", ") + (named.length > NAMED ? ", …" : "");
}
