// One pass of [1, 2, 1]/4 along all three axes of `[K, D, H, W]`; voxels at the edge count for those beyond it.
//
// An invocation goes along d through a piece of one column, (h, w), with the last three slices' smoothed values in
// registers: every voxel comes from memory once, its neighbours from the cache.

struct Parameters { depth: u32, height: u32, width: u32, pieces: u32, pieceLength: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(32, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) id: vec3u) {
  let q = parameters;
  let w = group.x * 32u + id.x;
  let h = group.y * 8u + id.y;
  if (w >= q.width || h >= q.height) { return; }
  let columns = vec3u(max(w, 1u) - 1u, w, min(w + 1u, q.width - 1u));
  let rows = q.width * vec3u(max(h, 1u) - 1u, h, min(h + 1u, q.height - 1u));
  let slice = q.height * q.width;
  let volume = group.z / q.pieces * q.depth * slice;
  let first = group.z % q.pieces * q.pieceLength;
  let last = min(q.depth, first + q.pieceLength);
  var before = smoothed(volume + (max(first, 1u) - 1u) * slice, rows, columns);
  var here = smoothed(volume + first * slice, rows, columns);
  for (var d = first; d < last; d++) {
    let after = smoothed(volume + min(d + 1u, q.depth - 1u) * slice, rows, columns);
    y[volume + d * slice + h * q.width + w] = 0.25 * (before + 2.0 * here + after);
    before = here;
    here = after;
  }
}

// A slice's value smoothed along h and w.
fn smoothed(slice: u32, rows: vec3u, columns: vec3u) -> f32 {
  let sums = vec3f(along(slice + rows.x, columns), along(slice + rows.y, columns), along(slice + rows.z, columns));
  return 0.0625 * (sums.x + 2.0 * sums.y + sums.z);
}

fn along(row: u32, columns: vec3u) -> f32 {
  return x[row + columns.x] + 2.0 * x[row + columns.y] + x[row + columns.z];
}
