// Operands of any size, value by value.

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;

// Four neighbours of A, zeros for those that are not left.
fn aQuad(at: u32, left: i32) -> vec4f {
  var quad = vec4f(0.0);
  if (left > 0) { quad.x = a[at]; }
  if (left > 1) { quad.y = a[at + 1u]; }
  if (left > 2) { quad.z = a[at + 2u]; }
  if (left > 3) { quad.w = a[at + 3u]; }
  return quad;
}

// Four neighbours of B, zeros for those that are not left.
fn bQuad(at: u32, left: i32) -> vec4f {
  var quad = vec4f(0.0);
  if (left > 0) { quad.x = b[at]; }
  if (left > 1) { quad.y = b[at + 1u]; }
  if (left > 2) { quad.z = b[at + 2u]; }
  if (left > 3) { quad.w = b[at + 3u]; }
  return quad;
}
