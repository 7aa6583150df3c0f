// dy goes to fill where the mask is set, else to x.

struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dy: array<Values>;
@group(0) @binding(2) var<storage, read> mask: array<Values>;
@group(0) @binding(3) var<storage, read_write> dx: array<Values>;
@group(0) @binding(4) var<storage, read_write> dFill: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  let isMasked = mask[i] > Values(0.5);
  dx[i] = select(dy[i], Values(0.0), isMasked);
  dFill[i] = select(Values(0.0), dy[i], isMasked);
}
