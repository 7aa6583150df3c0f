// What becomes of dy·W2ᵀ: the slope at its place turns it into the gradient of the hidden channels, where the slope was.

@group(0) @binding(3) var<storage, read_write> slope: array<f32>;

fn store(at: u32, column: u32, value: f32) { slope[at] *= value; }
