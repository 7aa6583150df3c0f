// out = fill where the mask is set, else x.

struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Values>;
@group(0) @binding(2) var<storage, read> fill: array<Values>;
@group(0) @binding(3) var<storage, read> mask: array<Values>;
@group(0) @binding(4) var<storage, read_write> out: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i < parameters.count) { out[i] = select(x[i], fill[i], mask[i] > Values(0.5)); }
}
