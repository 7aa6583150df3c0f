// Several arrays times a number, 1024 Values a workgroup. Behind it stand COUNT, the number of arrays, scale_all_part.wgsl
// once for each, and `run`, which chooses among these.

struct Parameters {
  // Of every array: its Values and the first of its workgroups.
  places: array<vec4u, 8>,
  factor: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const VALUES = 1024u;
const THREADS = 256u;

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
  let workgroup = group.x + group.y * groups.x;
  var index = 0u;
  while (index + 1u < COUNT && placeOf(index + 1u).y <= workgroup) { index++; }
  let place = placeOf(index);
  let start = (workgroup - place.y) * VALUES;
  run(index, start, min(place.x, start + VALUES), thread);
}
