// A·B by tiles in workgroup memory: 128 rows × 64 columns, 8 × 8 values per invocation. Put before it: gemm_blocks.wgsl.
// The next step's values are on their way while this one's are multiplied.

const ROWS = 128u;
const COLUMNS = 64u;
const STEP = 16u;
// Rows of a quad of products, and two more: four neighbours that store the same rows then meet different banks.
const PITCH = 130u;

var<workgroup> tileA: array<vec4f, 520>; // [STEP / 4][PITCH], four products of a row each
var<workgroup> tileB: array<vec4f, 256>; // [STEP][COLUMNS / 4], four columns each

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let tile = group.x + group.y * groups.x;
  let tilesN = (q.n + COLUMNS - 1u) / COLUMNS;
  if (tile >= q.tilesM * tilesN) { return; }
  let row0 = (tile / tilesN) * ROWS;
  let column0 = (tile % tilesN) * COLUMNS;
  let batch = group.z % q.batches;
  let slice = group.z / q.batches;
  let aStart = batch * q.aBatch;
  let bStart = batch * q.bBatch;
  let first = slice * q.sliceLength;
  let last = min(q.k, first + q.sliceLength);

  // Loading: a block of 4 × 4 values of A, and of B for half of the invocations; neighbours read neighbours.
  let aPart = select(thread / 32u, thread % 4u, A_ALONG_K);
  let aRows = select(thread % 32u, thread / 4u, A_ALONG_K) * 4u;
  let bPart = select(thread / 16u, thread % 4u, B_ALONG_K);
  let bQuads = select(thread % 16u, thread / 4u, B_ALONG_K);
  let loadsB = thread < 64u;
  // Multiplying: rows thread / 8 + 16·i, quads of columns thread % 8 and eight further.
  let column = thread % 8u;
  let line = thread / 8u;
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;
  var blockA: mat4x4f;
  var blockB: mat4x4f;
  let steps = select(0u, (last - first + STEP - 1u) / STEP, last > first);
  // A round multiplies what the one before has stored, and stores what it has loaded itself.
  for (var step = 0u; step <= steps; step++) {
    if (step < steps) {
      let p = first + step * STEP;
      blockA = rowsOfA(aStart, row0 + aRows, p + aPart * 4u, last);
      if (loadsB) { blockB = productsOfB(bStart, p + bPart * 4u, column0 + bQuads * 4u, last); }
    }
    if (step > 0u) {
      // unroll
      for (var k = 0u; k < 4u; k++) {
        var l: array<vec4f, 4>;
        var r: array<vec4f, 4>;
        // unroll
        for (var p = 0u; p < 4u; p++) {
          let at = (k * 4u + p) * 16u + column;
          l[p] = tileB[at];
          r[p] = tileB[at + 8u];
        }
        // unroll
        for (var i = 0u; i < 8u; i++) {
          let v = tileA[k * PITCH + line + 16u * i];
          left[i] = fma(l[3], v.wwww, fma(l[2], v.zzzz, fma(l[1], v.yyyy, fma(l[0], v.xxxx, left[i]))));
          right[i] = fma(r[3], v.wwww, fma(r[2], v.zzzz, fma(r[1], v.yyyy, fma(r[0], v.xxxx, right[i]))));
        }
      }
    }
    workgroupBarrier();
    // unroll
    for (var i = 0u; i < 4u; i++) { tileA[aPart * PITCH + aRows + i] = blockA[i]; }
    if (loadsB) {
      // unroll
      for (var i = 0u; i < 4u; i++) { tileB[(bPart * 4u + i) * 16u + bQuads] = blockB[i]; }
    }
    workgroupBarrier();
  }

  let cRow0 = group.z * q.m;
  // unroll
  for (var i = 0u; i < 8u; i++) {
    let row = row0 + line + 16u * i;
    if (row < q.m) {
      storeQuad(cRow0 + row, column0 + column * 4u, left[i]);
      storeQuad(cRow0 + row, column0 + column * 4u + 32u, right[i]);
    }
  }
}
