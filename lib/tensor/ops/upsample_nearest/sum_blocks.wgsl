// dx = the sum over each block of 2³ voxels of dy: a place of dx each.

struct Parameters {
  count: u32,
  // Size of dx, and Values in a voxel.
  height: u32, width: u32, channels: u32,
}
@group(0) @binding(0) var<uniform> q: Parameters;
@group(0) @binding(1) var<storage, read> dy: array<Values>;
@group(0) @binding(2) var<storage, read_write> dx: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= q.count) { return; }
  let voxel = i / q.channels;
  let line = voxel / q.width;
  let slice = line / q.height;
  let row = 2u * q.width * q.channels;
  let plane = 2u * q.height * row;
  let first = 2u * slice * plane + 2u * (line % q.height) * row + 2u * (voxel % q.width) * q.channels + i % q.channels;
  var sum = Values();
  // unroll
  for (var corner = 0u; corner < 8u; corner++) {
    sum += dy[first + corner / 4u * plane + corner / 2u % 2u * row + corner % 2u * q.channels];
  }
  dx[i] = sum;
}
