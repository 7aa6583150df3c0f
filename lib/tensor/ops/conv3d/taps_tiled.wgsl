// Output or input gradient as a matrix product that is never laid out: a workgroup gathers the taps of 128 voxels, 16
// products at a time, into workgroup memory, and multiplies them with 32·WIDE channels of weights; an invocation holds
// 8 voxels × 4·WIDE channels. The next step's values are on their way while this one's are multiplied.

override HAS_BIAS: bool = false;
// Quads of channels per invocation: 1 or 2.
override WIDE: u32 = 2u;

const ROWS = 128u;
const STEP = 16u;
// Rows of a quad of products, and two more: four neighbours that store the same rows then meet different banks.
const PITCH = 130u;

var<workgroup> tileA: array<vec4f, 520>; // [STEP / 4][PITCH], four products each
var<workgroup> tileB: array<vec4f, 256>; // [STEP][8·WIDE], four channels each

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
  let layer = index / (q.rowTiles * channelTiles);
  let reach = reachOf(layer / q.slices);
  let rows = q.batch * reach.size.x * reach.size.y * reach.size.z;
  let row0 = tile / channelTiles * ROWS;
  let channel0 = tile % channelTiles * 32u * WIDE;
  if (layer >= q.layers || row0 >= rows) { return; }

  // Loading: quad thread % 4 of the products of voxels thread / 4 + 32·i, and one block of 4 × 4 weights.
  let part = thread % 4u;
  var bases: array<vec4i, 4>;
  // unroll
  for (var i = 0u; i < 4u; i++) {
    bases[i] = baseOf(voxelAt(min(row0 + thread / 4u + 32u * i, rows - 1u), reach.size), reach);
  }
  let weightPart = thread / (8u * WIDE);
  let weightQuad = thread % (8u * WIDE);
  let loadsWeights = weightPart < 4u;
  // Multiplying: voxels thread / 8 + 16·i, quads of channels thread % 8 + 8·j.
  let column = thread % 8u;
  let line = thread / 8u;
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;

  let steps = (reach.taps.x * reach.taps.y * reach.taps.z * q.gathered.w + STEP - 1u) / STEP;
  let slice = layer % q.slices;
  let length = (steps + q.slices - 1u) / q.slices;
  let first = slice * length;
  let last = min(steps, first + length);
  var values: array<vec4f, 4>;
  var weights: mat4x4f;
  // A round multiplies what the one before has stored, and stores what it has loaded itself.
  for (var step = first; step <= last; step++) {
    if (step < last) {
      let taps = tapsAt(step * STEP, part * 4u, reach);
      // unroll
      for (var i = 0u; i < 4u; i++) { values[i] = gather(bases[i], taps); }
      if (loadsWeights) {
        weights = weightsOf(tapsAt(step * STEP, weightPart * 4u, reach), channel0 + weightQuad * 4u);
      }
    }
    if (step > first) {
      // unroll
      for (var k = 0u; k < 4u; k++) {
        var l: array<vec4f, 4>;
        var r: array<vec4f, 4>;
        // unroll
        for (var p = 0u; p < 4u; p++) {
          let at = (k * 4u + p) * 8u * WIDE + column;
          l[p] = tileB[at];
          if (WIDE == 2u) { r[p] = tileB[at + 8u]; }
        }
        // unroll
        for (var i = 0u; i < 8u; i++) {
          let v = tileA[k * PITCH + line + 16u * i];
          left[i] = fma(l[3], v.wwww, fma(l[2], v.zzzz, fma(l[1], v.yyyy, fma(l[0], v.xxxx, left[i]))));
          if (WIDE == 2u) {
            right[i] = fma(r[3], v.wwww, fma(r[2], v.zzzz, fma(r[1], v.yyyy, fma(r[0], v.xxxx, right[i]))));
          }
        }
      }
    }
    workgroupBarrier();
    // unroll
    for (var i = 0u; i < 4u; i++) { tileA[part * PITCH + thread / 4u + 32u * i] = values[i]; }
    if (loadsWeights) {
      // unroll
      for (var p = 0u; p < 4u; p++) { tileB[(weightPart * 4u + p) * 8u * WIDE + weightQuad] = weights[p]; }
    }
    workgroupBarrier();
  }

  let channel = channel0 + column * 4u;
  // unroll
  for (var i = 0u; i < 8u; i++) {
    let row = row0 + line + 16u * i;
    if (row < rows) {
      let at = resultRow(row, slice, reach);
      if (HAS_BIAS && slice == 0u) {
        left[i] += biasAt(channel);
        if (WIDE == 2u) { right[i] += biasAt(channel + 32u); }
      }
      write(at, channel, left[i]);
      if (WIDE == 2u) { write(at, channel + 32u, right[i]); }
    }
  }
}
