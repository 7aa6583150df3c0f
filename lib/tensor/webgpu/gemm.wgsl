// A·B by tiles of ROWS × COLUMNS in workgroup memory, EACH × 4·WIDE values per invocation. Put before it: the constants of
// tiles.ts and gemm_blocks.wgsl. The next step's values are on their way while this one's are multiplied.
//
// What an invocation multiplies lies at a place of its own in the innermost array, so that the bound of the only index
// that is not constant is checked once for all of them.

// Rows of a quad of products, and two more: four neighbours that store the same rows then meet different banks.
struct Quads { rows: array<array<vec4f, LINES>, EACH>, unused: array<vec4f, 2> }

var<workgroup> tileA: array<Quads, 4>; // four products of a row each
var<workgroup> tileB: array<array<array<vec4f, SPAN>, WIDE>, STEP>; // four columns of a product each

@compute @workgroup_size(THREADS)
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

  // Loading: the first ROWS invocations a block of 4 × 4 values of A, the last COLUMNS one of B; neighbours read neighbours.
  let loadsA = thread < ROWS;
  let aPart = select(thread / (ROWS / 4u), thread % 4u, A_ALONG_K);
  let aRows = select(thread % (ROWS / 4u), thread / 4u, A_ALONG_K) * 4u;
  let loadsB = thread >= THREADS - COLUMNS;
  let bThread = thread - (THREADS - COLUMNS);
  let bPart = select(bThread / (COLUMNS / 4u), bThread % 4u, B_ALONG_K);
  let bQuads = select(bThread % (COLUMNS / 4u), bThread / 4u, B_ALONG_K);
  // Multiplying: rows thread / SPAN + LINES·i, quads of columns thread % SPAN + SPAN·j.
  let column = thread % SPAN;
  let line = thread / SPAN;
  var sums: array<array<vec4f, WIDE>, EACH>;
  var blockA: mat4x4f;
  var blockB: mat4x4f;
  let steps = select(0u, (last - first + STEP - 1u) / STEP, last > first);
  // A round multiplies what the one before has stored, and stores what it has loaded itself.
  for (var step = 0u; step <= steps; step++) {
    if (step < steps) {
      let p = first + step * STEP;
      if (loadsA) { blockA = rowsOfA(aStart, row0 + aRows, p + aPart * 4u, last); }
      if (loadsB) { blockB = productsOfB(bStart, p + bPart * 4u, column0 + bQuads * 4u, last); }
    }
    if (step > 0u) {
      // unroll
      for (var k = 0u; k < 4u; k++) {
        var right: array<array<vec4f, WIDE>, 4>;
        // unroll
        for (var p = 0u; p < 4u; p++) {
          // unroll
          for (var j = 0u; j < WIDE; j++) { right[p][j] = tileB[4u * k + p][j][column]; }
        }
        // unroll
        for (var i = 0u; i < EACH; i++) {
          let v = tileA[k].rows[i][line];
          // unroll
          for (var j = 0u; j < WIDE; j++) {
            let first = fma(right[1][j], v.yyyy, fma(right[0][j], v.xxxx, sums[i][j]));
            sums[i][j] = fma(right[3][j], v.wwww, fma(right[2][j], v.zzzz, first));
          }
        }
      }
    }
    workgroupBarrier();
    if (loadsA) {
      // unroll
      for (var i = 0u; i < 4u; i++) { tileA[aPart].rows[(aRows + i) / LINES][(aRows + i) % LINES] = blockA[i]; }
    }
    if (loadsB) {
      // unroll
      for (var i = 0u; i < 4u; i++) { tileB[bPart * 4u + i][bQuads / SPAN][bQuads % SPAN] = blockB[i]; }
    }
    workgroupBarrier();
  }

  let cRow0 = group.z * q.m;
  // unroll
  for (var i = 0u; i < EACH; i++) {
    let row = row0 + line + LINES * i;
    if (row < q.m) {
      // unroll
      for (var j = 0u; j < WIDE; j++) {
        storeQuad(cRow0 + row, column0 + (column + SPAN * j) * 4u, sums[i][j]);
      }
    }
  }
}
