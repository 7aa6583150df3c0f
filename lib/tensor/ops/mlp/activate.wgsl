// What becomes of x·W1: GELU(x·W1 + b1).

@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> activated: array<f32>;

fn store(at: u32, column: u32, value: f32) { activated[at] = gelu(value + bias[column]); }
