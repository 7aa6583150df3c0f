// Moves runs of two voxels' channels between a fine grid and its folded one: a place of the folded tensor each.

struct Parameters {
  count: u32,
  // Size of the folded grid, and Values in a run.
  height: u32, width: u32, run: u32,
}
@group(0) @binding(0) var<uniform> q: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Values>;
@group(0) @binding(2) var<storage, read_write> y: array<Values>;

override FOLD: bool = true;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let folded = (group.x + group.y * groups.x) * 256u + thread;
  if (folded >= q.count) { return; }
  let corner = folded / q.run % 4u;
  let voxel = folded / (4u * q.run);
  let line = voxel / q.width;
  let slice = line / q.height;
  let fineLine = (2u * slice + corner / 2u) * 2u * q.height + 2u * (line % q.height) + corner % 2u;
  let fine = (fineLine * q.width + voxel % q.width) * q.run + folded % q.run;
  if (FOLD) { y[folded] = x[fine]; } else { y[fine] = x[folded]; }
}
