// A·B without workgroup memory: every invocation computes 8 × 8 values, four products at a time. Put before it:
// gemm_blocks.wgsl. For adapters that compute on the CPU, where barriers cost more than reading again.

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let tilesN = (q.n + 7u) / 8u;
  let tile = (group.x + group.y * groups.x) * 16u + thread;
  if (tile >= q.tilesM * tilesN) { return; }
  let row0 = (tile / tilesN) * 8u;
  let column0 = (tile % tilesN) * 8u;
  let aStart = (group.z % q.batches) * q.aBatch;
  let bStart = (group.z % q.batches) * q.bBatch;
  let first = (group.z / q.batches) * q.sliceLength;
  let last = min(q.k, first + q.sliceLength);

  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;
  for (var p = first; p < last; p += 4u) {
    let l = productsOfB(bStart, p, column0, last);
    let r = productsOfB(bStart, p, column0 + 4u, last);
    let upper = rowsOfA(aStart, row0, p, last);
    let lower = rowsOfA(aStart, row0 + 4u, p, last);
    // unroll
    for (var i = 0u; i < 8u; i++) {
      var v = upper[i & 3u];
      if (i >= 4u) { v = lower[i & 3u]; }
      left[i] = fma(l[3], v.wwww, fma(l[2], v.zzzz, fma(l[1], v.yyyy, fma(l[0], v.xxxx, left[i]))));
      right[i] = fma(r[3], v.wwww, fma(r[2], v.zzzz, fma(r[1], v.yyyy, fma(r[0], v.xxxx, right[i]))));
    }
  }
  let cRow0 = group.z * q.m;
  // unroll
  for (var i = 0u; i < 8u; i++) {
    if (row0 + i < q.m) {
      storeQuad(cRow0 + row0 + i, column0, left[i]);
      storeQuad(cRow0 + row0 + i, column0 + 4u, right[i]);
    }
  }
}
