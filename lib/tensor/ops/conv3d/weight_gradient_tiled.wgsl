// The weights' gradient, xᵀ·dy over all voxels with the taps of x gathered on the way: a workgroup has 128 rows (taps and
// channels of x) × 32·WIDE channels of dy and takes a slice of the voxels, 16 at a time; an invocation holds 8 rows ×
// 4·WIDE channels. The next voxels' values are on their way while these are multiplied.

// Quads of channels per invocation: 1 or 2.
override WIDE: u32 = 2u;

const ROWS = 128u;
const STEP = 16u;

var<workgroup> tileA: array<vec4f, 512>; // [STEP][ROWS / 4], four rows each
var<workgroup> tileB: array<vec4f, 256>; // [STEP][8·WIDE], four channels each
var<workgroup> bases: array<vec4i, STEP>; // where the taps of the voxels to load start

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let channelTiles = (q.owner.w + 32u * WIDE - 1u) / (32u * WIDE);
  let index = group.x + group.y * groups.x;
  let tile = index % (q.rowTiles * channelTiles);
  let slice = index / (q.rowTiles * channelTiles);
  let rows = q.kernel * q.kernel * q.kernel * q.gathered.w;
  let row0 = tile / channelTiles * ROWS;
  let channel0 = tile % channelTiles * 32u * WIDE;
  if (slice >= q.slices) { return; }

  let reach = reachOf(0u);
  // Loading: quad thread % 32 of the rows at voxels thread / 32 + 4·i, and WIDE quads of dy.
  let taps = tapsAt(row0 + thread % 32u * 4u, 0u, reach);
  // Multiplying: quads of rows thread / 8 + 16·i, quads of channels thread % 8 + 8·j.
  let column = thread % 8u;
  let line = thread / 8u;
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;

  let voxels = q.batch * q.owner.x * q.owner.y * q.owner.z;
  let steps = (voxels + STEP - 1u) / STEP;
  let length = (steps + q.slices - 1u) / q.slices;
  let first = slice * length;
  let last = min(steps, first + length);
  var values: array<vec4f, 4>;
  var others: array<vec4f, 2>;
  // A round multiplies what the one before has stored, and stores what it has loaded itself.
  if (thread < STEP) { bases[thread] = baseOf(voxelAt(first * STEP + thread, q.owner.xyz), reach); }
  workgroupBarrier();
  for (var step = first; step <= last; step++) {
    let voxel0 = step * STEP;
    if (step < last) {
      // unroll
      for (var i = 0u; i < 4u; i++) {
        let voxel = thread / 32u + 4u * i;
        values[i] = vec4f(0.0);
        if (voxel0 + voxel < voxels) { values[i] = gather(bases[voxel], taps); }
      }
      for (var i = 0u; i < WIDE; i++) {
        let at = thread + 128u * i;
        let voxel = at / (8u * WIDE);
        others[i] = vec4f(0.0);
        if (voxel0 + voxel < voxels) { others[i] = otherAt(voxel0 + voxel, channel0 + at % (8u * WIDE) * 4u); }
      }
    }
    if (step > first) {
      // unroll
      for (var k = 0u; k < STEP; k++) {
        let a = tileA[k * 32u + line];
        let b = tileA[k * 32u + 16u + line];
        let l = tileB[k * 8u * WIDE + column];
        // unroll
        for (var i = 0u; i < 4u; i++) {
          left[i] = fma(vec4f(a[i]), l, left[i]);
          left[i + 4u] = fma(vec4f(b[i]), l, left[i + 4u]);
        }
        if (WIDE == 2u) {
          let r = tileB[k * 16u + 8u + column];
          // unroll
          for (var i = 0u; i < 4u; i++) {
            right[i] = fma(vec4f(a[i]), r, right[i]);
            right[i + 4u] = fma(vec4f(b[i]), r, right[i + 4u]);
          }
        }
      }
    }
    workgroupBarrier();
    // unroll
    for (var i = 0u; i < 4u; i++) { tileA[(thread / 32u + 4u * i) * 32u + thread % 32u] = values[i]; }
    for (var i = 0u; i < WIDE; i++) { tileB[thread + 128u * i] = others[i]; }
    if (thread < STEP) { bases[thread] = baseOf(voxelAt(voxel0 + STEP + thread, q.owner.xyz), reach); }
    workgroupBarrier();
  }

  let channel = channel0 + column * 4u;
  // unroll
  for (var i = 0u; i < 8u; i++) {
    let row = row0 + i / 4u * 64u + line * 4u + i % 4u;
    if (row < rows) {
      write(slice * rows + row, channel, left[i]);
      if (WIDE == 2u) { write(slice * rows + row, channel + 32u, right[i]); }
    }
  }
}
