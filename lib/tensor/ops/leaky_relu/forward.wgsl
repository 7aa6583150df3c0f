// Leaky ReLU of a value, or of a sum of two, at every place.

struct Parameters { count: u32, slope: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Values>;
@group(0) @binding(2) var<storage, read> residual: array<Values>;
@group(0) @binding(3) var<storage, read_write> y: array<Values>;

override HAS_RESIDUAL: bool = false;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  var sum = x[i];
  if (HAS_RESIDUAL) { sum += residual[i]; }
  y[i] = select(sum, parameters.slope * sum, sum < Values());
}
