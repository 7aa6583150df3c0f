// gradient = 2·dy/length·(prediction − target), with a dy for every sample of `length` values.

struct Parameters { count: u32, length: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> prediction: array<f32>;
@group(0) @binding(2) var<storage, read> goal: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  let factor = 2.0 * dy[i / parameters.length] / f32(parameters.length);
  gradient[i] = factor * (prediction[i] - goal[i]);
}
