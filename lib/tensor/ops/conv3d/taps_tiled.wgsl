// Output or input gradient as a matrix product that is never laid out: a workgroup gathers the taps of ROWS voxels, 16
// products at a time, into workgroup memory, and multiplies them with COLUMNS channels of weights; an invocation holds
// EACH voxels × 4·WIDE channels. Put before it: the constants of tiles.ts. The next step's values are on their way while
// this one's are multiplied.
//
// What an invocation multiplies lies at a place of its own in the innermost array, so that the bound of the only index
// that is not constant is checked once for all of them.

override HAS_BIAS: bool = false;

// Voxels of a quad of products, and two more: four neighbours that store the same voxels then meet different banks.
struct Quads { rows: array<array<vec4f, LINES>, EACH>, unused: array<vec4f, 2> }

var<workgroup> tileA: array<Quads, 4>; // four products of a voxel each
var<workgroup> tileB: array<array<array<vec4f, SPAN>, WIDE>, STEP>; // four channels of a product each

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
  let layer = index / (q.rowTiles * channelTiles);
  let reach = reachOf(layer / q.slices);
  let rows = q.batch * reach.size.x * reach.size.y * reach.size.z;
  let row0 = tile / channelTiles * ROWS;
  let channel0 = tile % channelTiles * COLUMNS;
  if (layer >= q.layers || row0 >= rows) { return; }

  // Loading: quad thread % 4 of the products of LOADS voxels, and for COLUMNS invocations a block of 4 × 4 weights.
  let part = thread % 4u;
  let loader = thread / 4u;
  var bases: array<vec4i, LOADS>;
  // unroll
  for (var i = 0u; i < LOADS; i++) {
    bases[i] = baseOf(voxelAt(min(row0 + loader + THREADS / 4u * i, rows - 1u), reach.size), reach);
  }
  let weightPart = thread / (COLUMNS / 4u);
  let weightQuad = thread % (COLUMNS / 4u);
  let loadsWeights = thread < COLUMNS;
  // Multiplying: voxels thread / SPAN + LINES·i, quads of channels thread % SPAN + SPAN·j.
  let column = thread % SPAN;
  let line = thread / SPAN;
  var sums: array<array<vec4f, WIDE>, EACH>;

  let steps = (reach.taps.x * reach.taps.y * reach.taps.z * q.gathered.w + STEP - 1u) / STEP;
  let slice = layer % q.slices;
  let length = (steps + q.slices - 1u) / q.slices;
  let first = slice * length;
  let last = min(steps, first + length);
  var values: array<vec4f, LOADS>;
  var weights: mat4x4f;
  var start = startAt(first * STEP, reach);
  // A round multiplies what the one before has stored, and stores what it has loaded itself.
  for (var step = first; step <= last; step++) {
    if (step < last) {
      let taps = tapsFrom(start, part * 4u, reach);
      // unroll
      for (var i = 0u; i < LOADS; i++) { values[i] = gather(bases[i], taps); }
      if (loadsWeights) {
        weights = weightsOf(tapsFrom(start, weightPart * 4u, reach), channel0 + weightQuad * 4u);
      }
      start = startAfter(start, STEP, reach);
    }
    if (step > first) {
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
    // unroll
    for (var i = 0u; i < LOADS; i++) {
      let row = loader + THREADS / 4u * i;
      tileA[part].rows[row / LINES][row % LINES] = values[i];
    }
    if (loadsWeights) {
      // unroll
      for (var p = 0u; p < 4u; p++) { tileB[weightPart * 4u + p][weightQuad / SPAN][weightQuad % SPAN] = weights[p]; }
    }
    workgroupBarrier();
  }

  // unroll
  for (var i = 0u; i < EACH; i++) {
    let row = row0 + line + LINES * i;
    if (row < rows) {
      let at = resultRow(row, slice, reach);
      // unroll
      for (var j = 0u; j < WIDE; j++) {
        let channel = channel0 + (column + SPAN * j) * 4u;
        if (HAS_BIAS && slice == 0u) { sums[i][j] += biasAt(channel); }
        write(at, channel, sums[i][j]);
      }
    }
  }
}
