// Operands whose rows of neighbours begin and end at multiples of four values.

@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;

// Four neighbours of A, or zeros where none is left.
fn aQuad(at: u32, left: i32) -> vec4f {
  if (left > 0) { return a[at / 4u]; }
  return vec4f(0.0);
}

// Four neighbours of B, or zeros where none is left.
fn bQuad(at: u32, left: i32) -> vec4f {
  if (left > 0) { return b[at / 4u]; }
  return vec4f(0.0);
}
