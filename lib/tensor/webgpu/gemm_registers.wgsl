// C = A·B (+ bias) without workgroup memory: every invocation holds 8 rows × 8 columns of C. For adapters that compute
// on the CPU, where barriers cost more than reading again. Parameters and layout as in gemm.wgsl.

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
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

override HAS_BIAS: bool = false;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let tilesN = (q.n + 7u) / 8u;
  let tile = (group.x + group.y * groups.x) * 8u + thread;
  if (tile >= q.tilesM * tilesN) { return; }
  let row0 = (tile / tilesN) * 8u;
  let column0 = (tile % tilesN) * 8u;
  let batch = group.z % q.batches;
  let first = (group.z / q.batches) * q.sliceLength;
  let last = min(q.k, first + q.sliceLength);

  var rows: array<u32, 8>;
  for (var i = 0u; i < 8u; i++) { rows[i] = batch * q.aBatch + min(row0 + i, q.m - 1u) * q.aRow; }
  var columns: array<u32, 8>;
  for (var j = 0u; j < 8u; j++) { columns[j] = batch * q.bBatch + min(column0 + j, q.n - 1u) * q.bColumn; }
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;
  for (var i = 0u; i < 8u; i++) { left[i] = vec4f(0.0); right[i] = vec4f(0.0); }
  for (var p = first; p < last; p++) {
    let pb = p * q.bRow;
    let bl = vec4f(b[columns[0] + pb], b[columns[1] + pb], b[columns[2] + pb], b[columns[3] + pb]);
    let br = vec4f(b[columns[4] + pb], b[columns[5] + pb], b[columns[6] + pb], b[columns[7] + pb]);
    let pa = p * q.aColumn;
    for (var i = 0u; i < 8u; i++) {
      let value = vec4f(a[rows[i] + pa]);
      left[i] = fma(value, bl, left[i]);
      right[i] = fma(value, br, right[i]);
    }
  }
  let cStart = group.z * q.m * q.n;
  for (var i = 0u; i < 8u; i++) {
    if (row0 + i >= q.m) { break; }
    for (var j = 0u; j < 8u; j++) {
      let column = column0 + j;
      if (column >= q.n) { break; }
      var value = select(right[i][j % 4u], left[i][j % 4u], j < 4u);
      if (HAS_BIAS) { value += bias[column]; }
      c[cStart + (row0 + i) * q.n + column] = value;
    }
  }
}
