/** AdamW on values [begin, end): reads parameter, gradient and moments, writes the new parameter and moments. */

/** value, first and second are written; buffers are padded to whole vectors. */
export function adamw(
  parameter: usize,
  gradient: usize,
  firstMoment: usize,
  secondMoment: usize,
  value: usize,
  first: usize,
  second: usize,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  keep: f32,
  penalty: f32,
  stepSize: f32,
  rootCorrection: f32,
  begin: i32,
  end: i32,
): void {
  const b1 = f32x4.splat(beta1), rest1 = f32x4.splat(1 - beta1);
  const b2 = f32x4.splat(beta2), rest2 = f32x4.splat(1 - beta2);
  const e = f32x4.splat(epsilon), k = f32x4.splat(keep), s = f32x4.splat(stepSize);
  const l = f32x4.splat(penalty);
  const root = f32x4.splat(1 / rootCorrection);
  for (let i = begin; i < end; i += 4) {
    const at = <usize> (i << 2);
    const p = v128.load(parameter + at);
    const g = f32x4.add(v128.load(gradient + at), f32x4.mul(p, l));
    const m = f32x4.add(f32x4.mul(v128.load(firstMoment + at), b1), f32x4.mul(g, rest1));
    const v = f32x4.add(f32x4.mul(v128.load(secondMoment + at), b2), f32x4.mul(f32x4.mul(g, g), rest2));
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), root), e);
    const change = f32x4.mul(f32x4.div(m, denominator), s);
    v128.store(first + at, m);
    v128.store(second + at, v);
    v128.store(value + at, f32x4.sub(f32x4.mul(p, k), change));
  }
}
