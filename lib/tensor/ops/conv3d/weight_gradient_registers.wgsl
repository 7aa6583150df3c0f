// The weights' gradient without workgroup memory: every invocation holds 8 rows (taps and channels of x) × 8 channels of
// dy, and adds up a slice of the voxels. For adapters that compute on the CPU, as taps_registers.wgsl.

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
  let slice = index / (q.rowTiles * channelTiles);
  let rows = q.kernel * q.kernel * q.kernel * q.gathered.w;
  let row0 = (tile / channelTiles * 8u + thread) * 8u;
  let channel = tile % channelTiles * 8u;
  if (slice >= q.slices || row0 >= rows) { return; }

  let reach = reachOf(0u);
  let above = tapsFrom(startAt(row0, reach), 0u, reach);
  let below = tapsFrom(startAt(row0 + 4u, reach), 0u, reach);
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;
  let lines = q.batch * q.owner.x * q.owner.y;
  let length = (lines + q.slices - 1u) / q.slices;
  for (var line = slice * length; line < min(lines, (slice + 1u) * length); line++) {
    var base = baseOf(voxelAt(line * q.owner.z, q.owner.xyz), reach);
    for (var w = 0u; w < q.owner.z; w++) {
      let l = otherAt(line * q.owner.z + w, channel);
      let r = otherAt(line * q.owner.z + w, channel + 4u);
      let a = gather(base, above);
      let b = gather(base, below);
      // unroll
      for (var i = 0u; i < 4u; i++) {
        left[i] = fma(vec4f(a[i]), l, left[i]);
        right[i] = fma(vec4f(a[i]), r, right[i]);
        left[i + 4u] = fma(vec4f(b[i]), l, left[i + 4u]);
        right[i + 4u] = fma(vec4f(b[i]), r, right[i + 4u]);
      }
      base += vec4i(0, 0, 1, i32(q.gathered.w / LANES)) * i32(q.stride);
    }
  }
  // unroll
  for (var i = 0u; i < 8u; i++) {
    if (row0 + i < rows) {
      write(slice * rows + row0 + i, channel, left[i]);
      write(slice * rows + row0 + i, channel + 4u, right[i]);
    }
  }
}
