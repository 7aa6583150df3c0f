// A·B by tiles in workgroup memory: 128 rows × 64 columns, 8 × 4 values per invocation. Put before it: `fn store(at, column,
// value)`, which is called for every value of the product, with its place in C.
//
// A's value (i, p) lies at i·aRow + p·aColumn, B's (p, j) at p·bRow + j·bColumn, C is row-major. Workgroup z computes
// slice z / batches of batch z % batches: a slice sums sliceLength of the k products, and writes to a C of its own.

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

// Whether neighbours in memory are neighbours along k (rows of A, columns of B).
override A_ALONG_K: bool = true;
override B_ALONG_K: bool = false;

const ROWS = 128u;
const COLUMNS = 64u;
const STEP = 16u;
const THREADS = 256u;

var<workgroup> tileA: array<f32, 2048>; // [STEP][ROWS]
var<workgroup> tileB: array<f32, 1024>; // [STEP][COLUMNS]

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let tile = group.x + group.y * groups.x;
  let tilesN = (q.n + COLUMNS - 1u) / COLUMNS;
  let inside = tile < q.tilesM * tilesN;
  let row0 = (tile / tilesN) * ROWS;
  let column0 = (tile % tilesN) * COLUMNS;
  let batch = group.z % q.batches;
  let slice = group.z / q.batches;
  let aStart = batch * q.aBatch;
  let bStart = batch * q.bBatch;
  let first = slice * q.sliceLength;
  let last = min(q.k, first + q.sliceLength);
  let localRow = (thread / 16u) * 8u;
  let localColumn = (thread % 16u) * 4u;

  var sum: array<vec4f, 8>;
  for (var i = 0u; i < 8u; i++) { sum[i] = vec4f(0.0); }
  for (var p0 = first; p0 < last; p0 += STEP) {
    for (var e = thread; e < ROWS * STEP; e += THREADS) {
      let i = select(e % ROWS, e / STEP, A_ALONG_K);
      let p = select(e / ROWS, e % STEP, A_ALONG_K);
      var value = 0.0;
      if (inside && row0 + i < q.m && p0 + p < last) {
        value = a[aStart + (row0 + i) * q.aRow + (p0 + p) * q.aColumn];
      }
      tileA[p * ROWS + i] = value;
    }
    for (var e = thread; e < COLUMNS * STEP; e += THREADS) {
      let j = select(e % COLUMNS, e / STEP, B_ALONG_K);
      let p = select(e / COLUMNS, e % STEP, B_ALONG_K);
      var value = 0.0;
      if (inside && column0 + j < q.n && p0 + p < last) {
        value = b[bStart + (p0 + p) * q.bRow + (column0 + j) * q.bColumn];
      }
      tileB[p * COLUMNS + j] = value;
    }
    workgroupBarrier();
    for (var p = 0u; p < STEP; p++) {
      let at = p * COLUMNS + localColumn;
      let right = vec4f(tileB[at], tileB[at + 1u], tileB[at + 2u], tileB[at + 3u]);
      for (var i = 0u; i < 8u; i++) {
        sum[i] = fma(vec4f(tileA[p * ROWS + localRow + i]), right, sum[i]);
      }
    }
    workgroupBarrier();
  }
  if (!inside) { return; }
  let cStart = group.z * q.m * q.n;
  for (var i = 0u; i < 8u; i++) {
    let row = row0 + localRow + i;
    if (row >= q.m) { break; }
    for (var j = 0u; j < 4u; j++) {
      let column = column0 + localColumn + j;
      if (column >= q.n) { break; }
      store(cStart + row * q.n + column, column, sum[i][j]);
    }
  }
}
