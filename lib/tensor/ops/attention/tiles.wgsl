// What the tiled kernels of attention have in common: products of 64 rows with 64 columns at a time, where rows and columns
// are tokens of one head. 128 invocations, 8 × 4 values each: rows 8·(thread / 16) + i, columns 4·(thread % 16) + j.
// Put before it: memory.wgsl. A head has at most 64 channels.

const TILE = 64u;
const THREADS = 128u;
// Channels of a step of the product along the channels, in fours.
const QUADS = 4u;

// Rows and columns of a step, 64 × 4 quads each; or half a tile's columns with all their channels, 32 × 16 quads.
var<workgroup> tile: array<vec4f, 512>;
// Weights of 64 rows and half a tile's columns; or what the invocations of a row have found.
var<workgroup> weights: array<vec4f, 512>;

// values[i][j] = Σ row i · column j over the channels.
fn products(
  values: ptr<function, array<vec4f, 8>>,
  rowPart: u32, row0: u32, columnPart: u32, column0: u32, thread: u32,
) {
  let x = thread % 16u;
  let firstRow = 8u * (thread / 16u);
  // Columns lie in an order, and the quads of a column in one of their own, in which no two invocations read one bank.
  let turn = (x / 2u) % QUADS;
  // unroll
  for (var i = 0u; i < 8u; i++) { (*values)[i] = vec4f(0.0); }
  for (var d = 0u; d < WIDTH; d += 4u * QUADS) {
    // unroll
    for (var i = 0u; i < 2u; i++) {
      let e = thread + THREADS * i;
      let token = e / QUADS;
      let quad = e % QUADS;
      let place = token / 4u + 16u * (token % 4u);
      tile[e] = channels(rowPart, row0 + token, d + 4u * quad);
      tile[TILE * QUADS + place * QUADS + (quad ^ ((place / 2u) % QUADS))] =
        channels(columnPart, column0 + token, d + 4u * quad);
    }
    workgroupBarrier();
    for (var quad = 0u; quad < QUADS; quad++) {
      let at = TILE * QUADS + x * QUADS + (quad ^ turn);
      let a = tile[at];
      let b = tile[at + 16u * QUADS];
      let c = tile[at + 32u * QUADS];
      let d = tile[at + 48u * QUADS];
      // unroll
      for (var i = 0u; i < 8u; i++) {
        let row = tile[(firstRow + i) * QUADS + quad];
        (*values)[i] += vec4f(dot(row, a), dot(row, b), dot(row, c), dot(row, d));
      }
    }
    workgroupBarrier();
  }
}

// sums[i] += Σ factors[i][j] · column j, the four channels 4·(thread % 16) of it, over a tile's columns.
fn accumulate(
  sums: ptr<function, array<vec4f, 8>>,
  factors: ptr<function, array<vec4f, 8>>,
  columnPart: u32, column0: u32, thread: u32,
) {
  let x = thread % 16u;
  let firstRow = 8u * (thread / 16u);
  for (var half = 0u; half < 2u; half++) {
    if (x / 8u == half) {
      // unroll
      for (var i = 0u; i < 8u; i++) { weights[(firstRow + i) * 8u + x % 8u] = (*factors)[i]; }
    }
    // unroll
    for (var i = 0u; i < 4u; i++) {
      let e = thread + THREADS * i;
      tile[e] = channels(columnPart, column0 + 32u * half + e / 16u, 4u * (e % 16u));
    }
    workgroupBarrier();
    for (var j = 0u; j < 8u; j++) {
      let a = tile[64u * j + x];
      let b = tile[64u * j + 16u + x];
      let c = tile[64u * j + 32u + x];
      let d = tile[64u * j + 48u + x];
      // unroll
      for (var i = 0u; i < 8u; i++) {
        let factor = weights[(firstRow + i) * 8u + j];
        (*sums)[i] += factor.x * a + factor.y * b + factor.z * c + factor.w * d;
      }
    }
    workgroupBarrier();
  }
}

// Which of a thread's four columns are tokens.
fn inside(column0: u32, thread: u32, tokens: u32) -> vec4<bool> {
  return vec4u(column0 + 4u * (thread % 16u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(tokens);
}
