// A·B without workgroup memory: every invocation holds 8 rows × 4 columns of C. For adapters that compute
// on the CPU, where barriers cost more than reading again, and where what is the same for a whole workgroup, as A is here,
// is read once. Parameters and layout as in gemm.wgsl.

struct Parameters {
  m: u32, n: u32, k: u32,
  aRow: u32, aColumn: u32, bRow: u32, bColumn: u32,
  aBatch: u32, bBatch: u32,
  batches: u32, sliceLength: u32,
  tilesM: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let tilesN = (q.n + 31u) / 32u;
  let tile = group.x + group.y * groups.x;
  if (tile >= q.tilesM * tilesN) { return; }
  let row0 = (tile / tilesN) * 8u;
  let column0 = (tile % tilesN) * 32u + thread;
  let batch = group.z % q.batches;
  let first = (group.z / q.batches) * q.sliceLength;
  let last = min(q.k, first + q.sliceLength);

  var rows: array<u32, 8>;
  for (var i = 0u; i < 8u; i++) { rows[i] = batch * q.aBatch + min(row0 + i, q.m - 1u) * q.aRow; }
  var columns: array<u32, 4>;
  for (var j = 0u; j < 4u; j++) { columns[j] = batch * q.bBatch + min(column0 + 8u * j, q.n - 1u) * q.bColumn; }
  var sum: array<vec4f, 8>;
  for (var i = 0u; i < 8u; i++) { sum[i] = vec4f(0.0); }
  for (var p = first; p < last; p++) {
    let at = p * q.bRow;
    let right = vec4f(b[columns[0] + at], b[columns[1] + at], b[columns[2] + at], b[columns[3] + at]);
    let down = p * q.aColumn;
    for (var i = 0u; i < 8u; i++) { sum[i] = fma(vec4f(a[rows[i] + down]), right, sum[i]); }
  }
  let cStart = group.z * q.m * q.n;
  for (var j = 0u; j < 4u; j++) {
    let column = column0 + 8u * j;
    if (column >= q.n) { break; }
    for (var i = 0u; i < 8u; i++) {
      if (row0 + i >= q.m) { break; }
      store(cStart + (row0 + i) * q.n + column, column, sum[i][j]);
    }
  }
}
