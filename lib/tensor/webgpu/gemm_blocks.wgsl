// What both kinds of products share. Put before it: gemm_quads.wgsl or gemm_values.wgsl, and
// `fn store(at, column, value)`, which is called for every value of the product, with its place in C.
//
// A's value (i, p) lies at i·aRow + p·aColumn, B's (p, j) at p·bRow + j·bColumn, one stride of each being 1; C is row-major.
// Workgroup z computes slice z / batches of batch z % batches: a slice sums sliceLength of the k products, a multiple of 16,
// and writes to a C of its own.

struct Parameters {
  m: u32, n: u32, k: u32,
  aRow: u32, aColumn: u32, bRow: u32, bColumn: u32,
  aBatch: u32, bBatch: u32,
  batches: u32, sliceLength: u32,
  tilesM: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

// Whether neighbours in memory are neighbours along k: in rows of A, in columns of B.
override A_ALONG_K: bool = true;
override B_ALONG_K: bool = false;

// Rows row to row + 3 of A, products p to p + 3; zeros beyond the ends.
fn rowsOfA(start: u32, row: u32, p: u32, last: u32) -> mat4x4f {
  let q = parameters;
  var block: mat4x4f;
  if (A_ALONG_K) {
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (row + i < q.m) { block[i] = aQuad(start + (row + i) * q.aRow + p, i32(last) - i32(p)); }
    }
    return block;
  }
  // unroll
  for (var i = 0u; i < 4u; i++) {
    if (p + i < last) { block[i] = aQuad(start + (p + i) * q.aColumn + row, i32(q.m) - i32(row)); }
  }
  return transpose(block);
}

// Products p to p + 3 of B, columns column to column + 3; zeros beyond the ends.
fn productsOfB(start: u32, p: u32, column: u32, last: u32) -> mat4x4f {
  let q = parameters;
  var block: mat4x4f;
  if (!B_ALONG_K) {
    // unroll
    for (var i = 0u; i < 4u; i++) {
      if (p + i < last) { block[i] = bQuad(start + (p + i) * q.bRow + column, i32(q.n) - i32(column)); }
    }
    return block;
  }
  // unroll
  for (var i = 0u; i < 4u; i++) {
    if (column + i < q.n) { block[i] = bQuad(start + (column + i) * q.bColumn + p, i32(last) - i32(p)); }
  }
  return transpose(block);
}

fn storeQuad(row: u32, column: u32, values: vec4f) {
  let n = parameters.n;
  let at = row * n + column;
  if (column < n) { store(at, column, values.x); }
  if (column + 1u < n) { store(at + 1u, column + 1u, values.y); }
  if (column + 2u < n) { store(at + 2u, column + 2u, values.z); }
  if (column + 3u < n) { store(at + 3u, column + 3u, values.w); }
}
