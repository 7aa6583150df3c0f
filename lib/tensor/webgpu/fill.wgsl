// Writes one value to every place of an array.
struct Parameters { length: u32, value: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < parameters.length; i += groups.x * 64u) {
    y[i] = parameters.value;
  }
}
