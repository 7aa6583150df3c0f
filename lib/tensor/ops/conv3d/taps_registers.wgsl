// Output or input gradient without workgroup memory: every invocation holds 8 voxels × 8 channels. For adapters that
// compute on the CPU, where a load costs as much as many sums and a barrier more than reading again.
//
// 32 → 32 channels on llvmpipe, GFLOP/s of a core: one product of each sum at a time 5.4, four 8.2; the same with arrays
// that an early end of a loop keeps out of registers 5.3; with tiles in workgroup memory 3.1.

override HAS_BIAS: bool = false;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let channelTiles = (q.owner.w + 7u) / 8u;
  let index = group.x + group.y * groups.x;
  let tile = index % (q.rowTiles * channelTiles);
  let layer = index / (q.rowTiles * channelTiles);
  let reach = reachOf(layer / q.slices);
  let rows = q.batch * reach.size.x * reach.size.y * reach.size.z;
  let row0 = (tile / channelTiles * 8u + thread) * 8u;
  let channel = tile % channelTiles * 8u;
  if (layer >= q.layers || row0 >= rows) { return; }

  var bases: array<vec4i, 8>;
  // unroll
  for (var i = 0u; i < 8u; i++) { bases[i] = baseOf(voxelAt(min(row0 + i, rows - 1u), reach.size), reach); }
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;
  let steps = (reach.taps.x * reach.taps.y * reach.taps.z * q.gathered.w + 3u) / 4u;
  let slice = layer % q.slices;
  let length = (steps + q.slices - 1u) / q.slices;
  var start = startAt(4u * slice * length, reach);
  for (var step = slice * length; step < min(steps, (slice + 1u) * length); step++) {
    let taps = tapsFrom(start, 0u, reach);
    start = startAfter(start, 4u, reach);
    let l = weightsOf(taps, channel);
    let r = weightsOf(taps, channel + 4u);
    // unroll
    for (var i = 0u; i < 8u; i++) {
      let v = gather(bases[i], taps);
      left[i] = fma(l[3], v.wwww, fma(l[2], v.zzzz, fma(l[1], v.yyyy, fma(l[0], v.xxxx, left[i]))));
      right[i] = fma(r[3], v.wwww, fma(r[2], v.zzzz, fma(r[1], v.yyyy, fma(r[0], v.xxxx, right[i]))));
    }
  }
  if (HAS_BIAS && slice == 0u) {
    let l = biasAt(channel);
    let r = biasAt(channel + 4u);
    // unroll
    for (var i = 0u; i < 8u; i++) { left[i] += l; right[i] += r; }
  }
  // unroll
  for (var i = 0u; i < 8u; i++) {
    if (row0 + i < rows) {
      let row = resultRow(row0 + i, slice, reach);
      write(row, channel, left[i]);
      write(row, channel + 4u, right[i]);
    }
  }
}
