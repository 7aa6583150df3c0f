// What becomes of x·W1 in the backward pass: GELU(x·W1 + b1) and GELU′(x·W1 + b1).

@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> activated: array<f32>;
@group(0) @binding(5) var<storage, read_write> slope: array<f32>;

fn store(at: u32, column: u32, value: f32) {
  let hidden = value + bias[column];
  activated[at] = gelu(hidden);
  slope[at] = geluSlope(hidden);
}
