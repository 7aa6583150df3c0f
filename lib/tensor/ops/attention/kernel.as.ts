/**
 * Self-attention by blocks of queries; the scores of a block lie in the thread's scratch and are never stored.
 *
 * Scores are held transposed, `[tokens, chunk]` with a row for every key: then both products that read them along the
 * queries take them as they are, and the softmax runs down the rows, a lane for every query.
 */
import { exp4 } from "../../simd/exp.as.ts";
import { BLOCK_SCRATCH_BYTES, gemmRows, packPanels } from "../../simd/gemm.as.ts";
import { NR } from "../../simd/tile.as.ts";
import { threadScratch } from "../../simd/thread.as.ts";
import { madd } from "../../simd/vector.as.ts";

/** Packs, for heads [begin, end) of all samples, the `[tokens, width]` matrix of keys or values. */
export function packHeads(
  matrix: usize,
  heads: i32,
  tokens: i32,
  width: i32,
  to: usize,
  begin: i32,
  end: i32,
): void {
  const panels = (width + NR - 1) / NR;
  const row = 3 * heads * width;
  for (let head = begin; head < end; head++) {
    const from = matrix + (<usize> ((head / heads) * tokens * row + (head % heads) * width) << 2);
    packPanels(from, row, 1, tokens, width, to + (<usize> (head * panels * tokens * NR) << 2), 0, panels);
  }
}

/** Blocks [begin, end) of `chunk` queries, head by head: y = softmax(q·kᵀ·scale)·v, with v from {@link packHeads}. */
export function attentionForward(
  qkv: usize,
  values: usize,
  y: usize,
  heads: i32,
  tokens: i32,
  width: i32,
  scale: f32,
  chunk: i32,
  begin: i32,
  end: i32,
): void {
  const channels = heads * width;
  const row = 3 * channels;
  const blocks = (tokens + chunk - 1) / chunk;
  const headValues = (width + NR - 1) / NR * tokens * NR;
  const panels = threadScratch() + BLOCK_SCRATCH_BYTES;
  const scores = panels + (<usize> (width * chunk) << 2);
  for (let unit = begin; unit < end; unit++) {
    const head = unit / blocks;
    const first = (unit % blocks) * chunk;
    const count = min(chunk, tokens - first);
    const sample = head / heads, place = (head % heads) * width;
    const q = qkv + (<usize> ((sample * tokens + first) * row + place) << 2);
    const k = qkv + (<usize> (sample * tokens * row + channels + place) << 2);
    packPanels(q, 1, row, width, count, panels, 0, (count + NR - 1) / NR);
    gemmRows(k, row, 1, panels, 0, scores, chunk, count, width, false, 0, tokens);
    for (let c = 0; c < count; c += NR) softmaxDown(scores + (<usize> c << 2), tokens, <usize> chunk << 2, scale);
    const out = y + (<usize> ((sample * tokens + first) * channels + place) << 2);
    gemmRows(scores, 1, chunk, values + (<usize> (head * headValues) << 2), 0, out, channels, width, tokens, false, 0, count);
  }
}

/** Softmax of column·scale for 16 columns of `[tokens, …]`, rows `step` bytes apart, in place. */
function softmaxDown(scores: usize, tokens: i32, step: usize, scale: f32): void {
  exponentialsDown(scores, tokens, step, scale);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let at = scores;
  for (let i = 0; i < tokens; i++) {
    s0 = f32x4.add(s0, v128.load(at)), s1 = f32x4.add(s1, v128.load(at, 16));
    s2 = f32x4.add(s2, v128.load(at, 32)), s3 = f32x4.add(s3, v128.load(at, 48));
    at += step;
  }
  const one = f32x4.splat(1);
  s0 = f32x4.div(one, s0), s1 = f32x4.div(one, s1), s2 = f32x4.div(one, s2), s3 = f32x4.div(one, s3);
  at = scores;
  for (let i = 0; i < tokens; i++) {
    const v0 = f32x4.mul(v128.load(at), s0), v1 = f32x4.mul(v128.load(at, 16), s1);
    const v2 = f32x4.mul(v128.load(at, 32), s2), v3 = f32x4.mul(v128.load(at, 48), s3);
    v128.store(at, v0), v128.store(at, v1, 16), v128.store(at, v2, 32), v128.store(at, v3, 48);
    at += step;
  }
}

/** e^((value − largest of the column)·scale), for 16 columns. */
function exponentialsDown(scores: usize, tokens: i32, step: usize, scale: f32): void {
  let m0 = v128.load(scores), m1 = v128.load(scores, 16), m2 = v128.load(scores, 32), m3 = v128.load(scores, 48);
  let at = scores;
  for (let i = 1; i < tokens; i++) {
    at += step;
    m0 = f32x4.pmax(m0, v128.load(at)), m1 = f32x4.pmax(m1, v128.load(at, 16));
    m2 = f32x4.pmax(m2, v128.load(at, 32)), m3 = f32x4.pmax(m3, v128.load(at, 48));
  }
  const s = f32x4.splat(scale);
  at = scores;
  for (let i = 0; i < tokens; i++) {
    const v0 = exp4(f32x4.mul(f32x4.sub(v128.load(at), m0), s));
    const v1 = exp4(f32x4.mul(f32x4.sub(v128.load(at, 16), m1), s));
    v128.store(at, v0), v128.store(at, v1, 16);
    const v2 = exp4(f32x4.mul(f32x4.sub(v128.load(at, 32), m2), s));
    const v3 = exp4(f32x4.mul(f32x4.sub(v128.load(at, 48), m3), s));
    v128.store(at, v2, 32), v128.store(at, v3, 48);
    at += step;
  }
}

/** Heads [begin, end) of all samples: dq, dk and dv, with k from {@link packHeads}. */
export function attentionGradient(
  qkv: usize,
  dy: usize,
  keys: usize,
  dQkv: usize,
  heads: i32,
  tokens: i32,
  width: i32,
  scale: f32,
  chunk: i32,
  begin: i32,
  end: i32,
): void {
  const channels = heads * width;
  const row = 3 * channels;
  const headValues = (width + NR - 1) / NR * tokens * NR;
  const panels = threadScratch() + BLOCK_SCRATCH_BYTES;
  const weights = panels + (<usize> ((width + NR) * (chunk + NR)) << 2);
  const dScores = weights + (<usize> (tokens * chunk) << 2);
  const narrow = (width + NR - 1) / NR;
  for (let head = begin; head < end; head++) {
    const start = <usize> ((head / heads) * tokens * row + (head % heads) * width) << 2;
    const k = qkv + start + (<usize> channels << 2), v = k + (<usize> channels << 2);
    const dk = dQkv + start + (<usize> channels << 2), dv = dk + (<usize> channels << 2);
    const headKeys = keys + (<usize> (head * headValues) << 2);
    for (let first = 0; first < tokens; first += chunk) {
      const count = min(chunk, tokens - first);
      const wide = (count + NR - 1) / NR;
      const add = first > 0;
      const q = qkv + start + (<usize> (first * row) << 2);
      const d = dy + (<usize> (((head / heads) * tokens + first) * channels + (head % heads) * width) << 2);
      packPanels(q, 1, row, width, count, panels, 0, wide);
      gemmRows(k, row, 1, panels, 0, weights, chunk, count, width, false, 0, tokens);
      packPanels(d, 1, channels, width, count, panels, 0, wide);
      gemmRows(v, row, 1, panels, 0, dScores, chunk, count, width, false, 0, tokens);
      for (let c: usize = 0; c < <usize> count << 2; c += 64) {
        softmaxDown(weights + c, tokens, <usize> chunk << 2, scale);
        gradientDown(weights + c, dScores + c, tokens, <usize> chunk << 2, scale);
      }
      packPanels(d, channels, 1, count, width, panels, 0, narrow);
      gemmRows(weights, chunk, 1, panels, 0, dv, row, width, count, add, 0, tokens);
      packPanels(q, row, 1, count, width, panels, 0, narrow);
      gemmRows(dScores, chunk, 1, panels, 0, dk, row, width, count, add, 0, tokens);
      const dq = dQkv + start + (<usize> (first * row) << 2);
      gemmRows(dScores, 1, chunk, headKeys, 0, dq, row, width, tokens, false, 0, count);
    }
  }
}

/** Turns the gradient of 16 columns of softmax weights into that of the scores, in place. */
function gradientDown(weights: usize, gradient: usize, tokens: i32, step: usize, scale: f32): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let w = weights, g = gradient;
  for (let i = 0; i < tokens; i++) {
    s0 = madd(v128.load(w), v128.load(g), s0), s1 = madd(v128.load(w, 16), v128.load(g, 16), s1);
    s2 = madd(v128.load(w, 32), v128.load(g, 32), s2), s3 = madd(v128.load(w, 48), v128.load(g, 48), s3);
    w += step, g += step;
  }
  const s = f32x4.splat(scale);
  w = weights, g = gradient;
  for (let i = 0; i < tokens; i++) {
    const d0 = f32x4.mul(f32x4.mul(v128.load(w), s), f32x4.sub(v128.load(g), s0));
    const d1 = f32x4.mul(f32x4.mul(v128.load(w, 16), s), f32x4.sub(v128.load(g, 16), s1));
    v128.store(g, d0), v128.store(g, d1, 16);
    const d2 = f32x4.mul(f32x4.mul(v128.load(w, 32), s), f32x4.sub(v128.load(g, 32), s2));
    const d3 = f32x4.mul(f32x4.mul(v128.load(w, 48), s), f32x4.sub(v128.load(g, 48), s3));
    v128.store(g, d2, 32), v128.store(g, d3, 48);
    w += step, g += step;
  }
}
