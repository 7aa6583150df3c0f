// out = x·(high − low + ε), with the extremes (low, its count, high, its count) of every volume of `length` values.

struct Parameters { count: u32, length: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> extremes: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  let range = extremes[i / parameters.length];
  out[i] = x[i] * (range.z - range.x + parameters.epsilon);
}
