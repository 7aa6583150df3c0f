// y = every voxel of x eight times: a place of y each.

struct Parameters {
  count: u32,
  // Size of x, and Values in a voxel.
  height: u32, width: u32, channels: u32,
}
@group(0) @binding(0) var<uniform> q: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Values>;
@group(0) @binding(2) var<storage, read_write> y: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= q.count) { return; }
  let voxel = i / q.channels;
  let line = voxel / (2u * q.width);
  let slice = line / (2u * q.height);
  let w = voxel % (2u * q.width) / 2u;
  let h = line % (2u * q.height) / 2u;
  y[i] = x[((slice / 2u * q.height + h) * q.width + w) * q.channels + i % q.channels];
}
