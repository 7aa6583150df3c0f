/** Multi-head self-attention over tokens, from one tensor that holds queries, keys and values. */
import { formatShape } from "../../../errors.ts";
import { defineOp, definePrimitive } from "../../op.ts";
import type { Block } from "../../op.ts";
import { expectShape, shapeOf } from "../../shape.ts";
import { tf } from "../../tf.ts";
import type { Tensor } from "../../tf.ts";
import type { SimdArray, SimdRuntime } from "../../simd/runtime.ts";
import { gemm, rowMajor, transposed } from "../_gemm.ts";
import type { Matrix } from "../_gemm.ts";
import { attendByWebgpu, attentionGradientByWebgpu } from "./_webgpu.ts";

type AttentionInputs = { qkv: Tensor };
type AttentionAttributes = { heads: number; scale: number };

/** qkv `[B, N, 3·E]` → q, k, v, each `[B, heads, N, E/heads]`. */
function splitHeads(qkv: Tensor, heads: number): Tensor[] {
  const [b, n, e3] = shapeOf(qkv);
  const split = tf.reshape(qkv, [b, n, 3, heads, e3 / 3 / heads]);
  return tf.unstack(tf.transpose(split, [2, 0, 3, 1, 4]));
}

function reference({ qkv }: AttentionInputs, { heads, scale }: AttentionAttributes): Tensor {
  const [b, n, e3] = shapeOf(qkv);
  const [q, k, v] = splitHeads(qkv, heads);
  const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), scale));
  return tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [b, n, e3 / 3]);
}

/** Output, and from kernels that need it in the backward pass a statistic of every query's scores. */
const forward = definePrimitive<AttentionInputs, AttentionAttributes>({
  name: "SelfAttention",
  composite: (inputs, attributes) => [reference(inputs, attributes)],
  plain({ qkv }, attributes) {
    const [batch, tokens, e3] = qkv.shape;
    const data = new Float32Array(batch * tokens * e3 / 3);
    const weights = rowMajor(new Float32Array(tokens * tokens), tokens);
    attend({ qkv, output: data, weights, attributes });
    return [{ data, shape: [batch, tokens, e3 / 3] }];
  },
  simd({ qkv }, { heads, scale }, runtime) {
    const [batch, tokens, e3] = qkv.shape;
    const output = runtime.output([batch, tokens, e3 / 3]);
    const width = e3 / 3 / heads;
    const chunk = chunkFor(tokens);
    const values = packHeads(qkv, { part: 2, heads }, runtime);
    const args = [qkv.pointer, values, output.pointer, heads, tokens, width, scale, chunk];
    runtime.run("attentionForward", { units: batch * heads * Math.ceil(tokens / chunk), grain: 1 }, args);
    return [output];
  },
  webgpu: ({ qkv }, attributes, runtime) => attendByWebgpu(qkv, attributes, runtime),
  cut: { along: "samples", of: ["qkv"] },
});

type GradientInputs = { dy: Tensor; qkv: Tensor; output: Tensor | undefined; statistics: Tensor | undefined };

const backward = definePrimitive<GradientInputs, AttentionAttributes>({
  name: "SelfAttentionGradient",
  composite({ dy, qkv }, { heads, scale }) {
    const [b, n, e3] = shapeOf(qkv);
    const [q, k, v] = splitHeads(qkv, heads);
    const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), scale));
    const dOutput = tf.transpose(tf.reshape(dy, [b, n, heads, e3 / 3 / heads]), [0, 2, 1, 3]);
    const dWeights = tf.matMul(dOutput, v, false, true);
    const centre = tf.sum(tf.mul(dWeights, weights), -1, true);
    const dScores = tf.mul(tf.mul(weights, tf.sub(dWeights, centre)), scale);
    const parts = [tf.matMul(dScores, k), tf.matMul(dScores, q, true, false), tf.matMul(weights, dOutput, true, false)];
    return [tf.reshape(tf.transpose(tf.stack(parts), [1, 3, 0, 2, 4]), [b, n, e3])];
  },
  plain({ dy, qkv }, attributes) {
    const [, tokens] = qkv.shape;
    const dQkv = new Float32Array(qkv.data.length);
    const weights = rowMajor(new Float32Array(tokens * tokens), tokens);
    const dScores = rowMajor(new Float32Array(tokens * tokens), tokens);
    attendGradient({ qkv, dy: dy.data, dQkv, weights, dScores, attributes });
    return [{ data: dQkv, shape: qkv.shape }];
  },
  simd({ dy, qkv }, { heads, scale }, runtime) {
    const [batch, tokens, e3] = qkv.shape;
    const dQkv = runtime.output(qkv.shape);
    const keys = packHeads(qkv, { part: 1, heads }, runtime);
    const sizes = [heads, tokens, e3 / 3 / heads, scale, chunkFor(tokens)];
    const args = [qkv.pointer, dy.pointer, keys, dQkv.pointer, ...sizes];
    runtime.run("attentionGradient", { units: batch * heads, grain: 1 }, args);
    return [dQkv];
  },
  webgpu({ dy, qkv, output, statistics }, attributes, runtime) {
    // The forward kernel has made them.
    const made = { output: output!, statistics: statistics! };
    return [attentionGradientByWebgpu({ dy, qkv, ...made }, attributes, runtime)];
  },
  cut: { along: "samples", of: ["dy", "qkv", "output", "statistics"] },
});

/** Columns of a packed panel. */
const PANEL = 16;
/** Scores that a thread's scratch has room for, in each of two matrices. */
const MOST_SCORES = 458_752;

/** Queries of a block: their scores for all keys fit the thread's scratch. */
function chunkFor(tokens: number): number {
  const chunk = [96, 48, 16].find((size) => size * tokens <= MOST_SCORES);
  if (chunk === undefined) {
    throw new RangeError(
      `Cannot apply selfAttention: expected at most ${MOST_SCORES / PANEL} tokens, got ${tokens}; lower the crop size`,
    );
  }
  return Math.min(chunk, Math.ceil(tokens / PANEL) * PANEL);
}

/** Packs all heads' keys (part 1) or values (part 2) for the products along the tokens. */
function packHeads(
  qkv: SimdArray,
  { part, heads }: { part: 1 | 2; heads: number },
  runtime: SimdRuntime,
): number {
  const [batch, tokens, e3] = qkv.shape;
  const width = e3 / 3 / heads;
  const packed = runtime.scratch(batch * heads * tokens * Math.ceil(width / PANEL) * PANEL).pointer;
  const args = [qkv.pointer + 4 * part * e3 / 3, heads, tokens, width, packed];
  runtime.run("packHeads", { units: batch * heads, grain: 1 }, args);
  return packed;
}

interface AttentionWork {
  readonly qkv: Block;
  readonly weights: Matrix;
  readonly attributes: AttentionAttributes;
}

/** Head by head: output = softmax(q·kᵀ·scale)·v. */
function attend({ qkv, output: data, weights, attributes }: AttentionWork & { output: Float32Array }): void {
  const [, tokens, e3] = qkv.shape;
  forEachHead(qkv, attributes.heads, ({ q, k, v, output, width }) => {
    gemm({ a: q, b: transposed(k), c: weights }, { m: tokens, n: tokens, k: width });
    softmaxRows(weights.data, { tokens, scale: attributes.scale });
    gemm({ a: weights, b: v, c: output(data, 0, e3 / 3) }, { m: tokens, n: width, k: tokens });
  });
}

function attendGradient(
  { qkv, dy, dQkv, weights, dScores, attributes }: AttentionWork & {
    dy: Float32Array;
    dQkv: Float32Array;
    dScores: Matrix;
  },
): void {
  const [, tokens, e3] = qkv.shape;
  const embedding = e3 / 3;
  const { heads, scale } = attributes;
  forEachHead(qkv, heads, ({ q, k, v, output, width }) => {
    const dOutput = output(dy, 0, embedding);
    gemm({ a: q, b: transposed(k), c: weights }, { m: tokens, n: tokens, k: width });
    softmaxRows(weights.data, { tokens, scale });
    gemm({ a: dOutput, b: transposed(v), c: dScores }, { m: tokens, n: tokens, k: width });
    softmaxGradient({ weights: weights.data, gradient: dScores.data }, { tokens, scale });
    const size = { m: tokens, n: width, k: tokens };
    gemm({ a: dScores, b: k, c: output(dQkv, 0, e3) }, size);
    gemm({ a: transposed(dScores), b: q, c: output(dQkv, embedding, e3) }, size);
    gemm({ a: transposed(weights), b: dOutput, c: output(dQkv, 2 * embedding, e3) }, size);
  });
}

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  /** Channels of the head. */
  readonly width: number;
  /** The head's place in an array of `[B, N, row]`, after `offset` channels. */
  output(data: Float32Array, offset: number, row: number): Matrix;
}

function forEachHead(qkv: Block, heads: number, visit: (head: Head) => void): void {
  const [batch, tokens, e3] = qkv.shape;
  const embedding = e3 / 3;
  const width = embedding / heads;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      const output = (data: Float32Array, offset: number, row: number): Matrix => {
        return { data, start: b * tokens * row + offset + h * width, row, column: 1 };
      };
      const part = (index: number): Matrix => output(qkv.data, index * embedding, e3);
      visit({ q: part(0), k: part(1), v: part(2), width, output });
    }
  }
}

/** Every row → softmax(row·scale), in place. */
function softmaxRows(data: Float32Array, { tokens, scale }: { tokens: number; scale: number }): void {
  for (let row = 0; row < tokens * tokens; row += tokens) {
    let highest = -Infinity;
    for (let i = row; i < row + tokens; i++) highest = Math.max(highest, data[i]);
    let sum = 0;
    for (let i = row; i < row + tokens; i++) {
      const value = Math.exp((data[i] - highest) * scale);
      data[i] = value, sum += value;
    }
    for (let i = row; i < row + tokens; i++) data[i] /= sum;
  }
}

/** Turns the gradient of the weights into that of q·kᵀ, in place. */
function softmaxGradient(
  { weights, gradient }: { weights: Float32Array; gradient: Float32Array },
  { tokens, scale }: { tokens: number; scale: number },
): void {
  for (let row = 0; row < tokens * tokens; row += tokens) {
    let centre = 0;
    for (let i = row; i < row + tokens; i++) centre += gradient[i] * weights[i];
    for (let i = row; i < row + tokens; i++) gradient[i] = weights[i] * (gradient[i] - centre) * scale;
  }
}

/** The op behind {@linkcode selfAttention}. */
export const selfAttentionOp = defineOp<AttentionInputs, AttentionAttributes>({
  name: "selfAttention",
  differentiable: ["qkv"],
  validate({ qkv }, { heads, scale }) {
    const shape = shapeOf(qkv);
    expectShape("selfAttention", "qkv", { actual: shape, expected: [null, null, null] });
    if (shape[2] % (3 * heads) !== 0) {
      const expected = `channels divisible by 3 · ${heads} heads`;
      throw new RangeError(`Cannot apply selfAttention: expected ${expected}, got qkv of shape ${formatShape(shape)}`);
    }
    // The plain kernel takes the row maximum before scaling.
    if (!(scale > 0)) throw new RangeError(`Cannot apply selfAttention: expected a positive scale, got ${scale}`);
  },
  reference,
  forward(inputs, attributes) {
    const [output, statistics] = forward(inputs, attributes);
    return { output, saved: statistics ? [inputs.qkv, output, statistics] : [inputs.qkv] };
  },
  backward: (dy, [qkv, output, statistics], attributes) => backward({ dy, qkv, output, statistics }, attributes),
});

/**
 * softmax(Q·Kᵀ·scale)·V for every head; the N × N weights are recomputed in the backward pass, not stored.
 *
 * Shapes: qkv `[B, N, 3·E]`, channels ordered (q, k, v), heads contiguous in each → `[B, N, E]`.
 *
 * @throws {TypeError | RangeError} when qkv is not 3-D, its channels do not split into the heads, or scale ≤ 0
 * @see Vaswani et al. 2017, "Attention Is All You Need"
 */
export function selfAttention(qkv: Tensor, { heads, scale }: { heads: number; scale: number }): Tensor {
  return selfAttentionOp({ qkv }, { heads, scale });
}
