// Multiply-adds on 32 vectors of four in registers, each independent of the others.
struct Parameters { rounds: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(0.999);
  let term = vec4f(f32(id.x) * 1e-6, 1e-3, 2e-3, 3e-3);
  var sum: array<vec4f, 32>;
  for (var i = 0u; i < 32u; i++) { sum[i] = vec4f(f32(i)); }
  for (var round = 0u; round < parameters.rounds; round++) {
    for (var i = 0u; i < 32u; i++) { sum[i] = fma(sum[i], factor, term); }
  }
  var total = vec4f(0.0);
  for (var i = 0u; i < 32u; i++) { total += sum[i]; }
  y[id.x] = total.x + total.y + total.z + total.w;
}
