// dx = dy where y is positive, slope·dy elsewhere.

struct Parameters { count: u32, slope: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dy: array<Values>;
@group(0) @binding(2) var<storage, read> y: array<Values>;
@group(0) @binding(3) var<storage, read_write> dx: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  let gradient = dy[i];
  dx[i] = select(parameters.slope * gradient, gradient, y[i] > Values());
}
