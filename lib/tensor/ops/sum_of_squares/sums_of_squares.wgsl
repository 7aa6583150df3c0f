// Sums of squares of the pieces of several arrays, a workgroup for each. Behind it stand `sums`, COUNT, the number of
// arrays, sums_of_squares_part.wgsl once for each, and `run`, which chooses among these.

struct Parameters {
  // Pieces of all arrays, and the place of the first one's sum.
  pieces: u32, goal: u32, unused0: u32, unused1: u32,
  // Of every array: its Values and the first of its pieces.
  places: array<vec4u, 12>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const PIECE = 4096u;
const THREADS = 256u;
var<workgroup> partial: array<f32, 256>;

fn placeOf(index: u32) -> vec2u {
  let pair = parameters.places[index / 2u];
  return select(pair.xy, pair.zw, index % 2u == 1u);
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let piece = group.x + group.y * groups.x;
  if (piece >= parameters.pieces) { return; }
  var index = 0u;
  while (index + 1u < COUNT && placeOf(index + 1u).y <= piece) { index++; }
  let place = placeOf(index);
  let start = (piece - place.y) * PIECE;
  run(index, start, min(place.x, start + PIECE), thread);
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] += partial[thread + half]; }
  }
  if (thread == 0u) { sums[parameters.goal + piece] = partial[0]; }
}
