// y[i] = Σ x[slice·length + i], in the order of the slices: the second pass of a sum that was split.

struct Parameters { length: u32, slices: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let length = parameters.length;
  for (var i = id.x; i < length; i += groups.x * 64u) {
    var sum = 0.0;
    for (var slice = 0u; slice < parameters.slices; slice++) { sum += x[slice * length + i]; }
    y[i] = sum;
  }
}
