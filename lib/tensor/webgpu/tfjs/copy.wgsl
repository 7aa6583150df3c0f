// Copies a region: the value at (i, j, …) of `count` lies at Σ i·from in x and at Σ i·to in y, each after a start.

struct Parameters {
  count: u32, axes: u32, from0: u32, to0: u32,
  // Size, step in x and step in y of every axis, the last one first.
  regions: array<vec4u, 6>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Values>;
@group(0) @binding(2) var<storage, read_write> y: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  var rest = (group.x + group.y * groups.x) * 256u + thread;
  if (rest >= parameters.count) { return; }
  var source = parameters.from0;
  var goal = parameters.to0;
  for (var axis = 0u; axis < parameters.axes; axis++) {
    let region = parameters.regions[axis];
    let i = rest % region.x;
    rest /= region.x;
    source += i * region.y;
    goal += i * region.z;
  }
  y[goal] = x[source];
}
