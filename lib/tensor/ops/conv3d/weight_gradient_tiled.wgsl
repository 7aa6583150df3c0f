// The weights' gradient, xᵀ·dy over all voxels with the taps of x gathered on the way: a workgroup has ROWS rows (taps and
// channels of x) × COLUMNS channels of dy and takes a slice of the voxels, 16 at a time; an invocation holds EACH rows ×
// 4·WIDE channels. Put before it: the constants of tiles.ts. The next voxels' values are on their way while these are
// multiplied.

// Quads of rows of a step; the places of invocations innermost, as in taps_tiled.wgsl.
var<workgroup> tileA: array<array<array<vec4f, LINES>, EACH / 4u>, STEP>;
var<workgroup> tileB: array<array<array<vec4f, SPAN>, WIDE>, STEP>; // four channels each
var<workgroup> bases: array<vec4i, STEP>; // where the taps of the voxels to load start

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let channelTiles = (q.owner.w + COLUMNS - 1u) / COLUMNS;
  let index = group.x + group.y * groups.x;
  let tile = index % (q.rowTiles * channelTiles);
  let slice = index / (q.rowTiles * channelTiles);
  let rows = q.kernel * q.kernel * q.kernel * q.gathered.w;
  let row0 = tile / channelTiles * ROWS;
  let channel0 = tile % channelTiles * COLUMNS;
  if (slice >= q.slices) { return; }

  let reach = reachOf(0u);
  // Loading: LOADS voxels of one quad of rows, and OTHERS quads of dy.
  let rowQuad = thread % (ROWS / 4u);
  let loader = thread / (ROWS / 4u);
  let taps = tapsFrom(startAt(row0 + rowQuad * 4u, reach), 0u, reach);
  // Multiplying: quads of rows thread / SPAN + LINES·i, quads of channels thread % SPAN + SPAN·j.
  let column = thread % SPAN;
  let line = thread / SPAN;
  var sums: array<array<vec4f, WIDE>, EACH>;

  let voxels = q.batch * q.owner.x * q.owner.y * q.owner.z;
  let steps = (voxels + STEP - 1u) / STEP;
  let length = (steps + q.slices - 1u) / q.slices;
  let first = slice * length;
  let last = min(steps, first + length);
  var values: array<vec4f, LOADS>;
  var others: array<vec4f, OTHERS>;
  // A round multiplies what the one before has stored, and stores what it has loaded itself.
  if (thread < STEP) { bases[thread] = baseOf(voxelAt(first * STEP + thread, q.owner.xyz), reach); }
  workgroupBarrier();
  for (var step = first; step <= last; step++) {
    let voxel0 = step * STEP;
    if (step < last) {
      // unroll
      for (var i = 0u; i < LOADS; i++) {
        let voxel = loader + THREADS / (ROWS / 4u) * i;
        values[i] = vec4f(0.0);
        if (voxel0 + voxel < voxels) { values[i] = gather(bases[voxel], taps); }
      }
      // unroll
      for (var i = 0u; i < OTHERS; i++) {
        let at = thread + THREADS * i;
        let voxel = at / (COLUMNS / 4u);
        others[i] = vec4f(0.0);
        if (voxel0 + voxel < voxels) { others[i] = otherAt(voxel0 + voxel, channel0 + at % (COLUMNS / 4u) * 4u); }
      }
    }
    if (step > first) {
      // unroll
      for (var k = 0u; k < STEP; k++) {
        var right: array<vec4f, WIDE>;
        // unroll
        for (var j = 0u; j < WIDE; j++) { right[j] = tileB[k][j][column]; }
        var left: array<vec4f, EACH / 4u>;
        // unroll
        for (var i = 0u; i < EACH; i += 4u) { left[i / 4u] = tileA[k][i / 4u][line]; }
        // unroll
        for (var i = 0u; i < EACH; i++) {
          let factor = vec4f(left[i / 4u][i % 4u]);
          // unroll
          for (var j = 0u; j < WIDE; j++) { sums[i][j] = fma(factor, right[j], sums[i][j]); }
        }
      }
    }
    workgroupBarrier();
    // unroll
    for (var i = 0u; i < LOADS; i++) {
      tileA[loader + THREADS / (ROWS / 4u) * i][rowQuad / LINES][rowQuad % LINES] = values[i];
    }
    // unroll
    for (var i = 0u; i < OTHERS; i++) {
      let at = thread + THREADS * i;
      let quad = at % (COLUMNS / 4u);
      tileB[at / (COLUMNS / 4u)][quad / SPAN][quad % SPAN] = others[i];
    }
    if (thread < STEP) { bases[thread] = baseOf(voxelAt(voxel0 + STEP + thread, q.owner.xyz), reach); }
    workgroupBarrier();
  }

  // unroll
  for (var i = 0u; i < EACH; i++) {
    let row = row0 + (i / 4u * LINES + line) * 4u + i % 4u;
    if (row < rows) {
      // unroll
      for (var j = 0u; j < WIDE; j++) {
        write(slice * rows + row, channel0 + (column + SPAN * j) * 4u, sums[i][j]);
      }
    }
  }
}
