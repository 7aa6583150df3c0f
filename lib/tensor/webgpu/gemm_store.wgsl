// What gemm.wgsl does with a value of the product unless it is given something else to do: adds a bias, stores it.

@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

override HAS_BIAS: bool = false;

fn store(at: u32, column: u32, value: f32) {
  if (HAS_BIAS) { c[at] = value + bias[column]; } else { c[at] = value; }
}
