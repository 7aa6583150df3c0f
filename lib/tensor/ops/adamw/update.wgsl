// AdamW updates of several parameters in place, 1024 Values a workgroup. Behind it stand COUNT, the number of parameters,
// update_part.wgsl once for each, and `run`, which chooses among these.

struct Parameters {
  // Of every parameter: its Values and the first of its workgroups.
  places: array<vec4u, 4>,
  beta1: f32, beta2: f32, rest1: f32, rest2: f32,
  // Of every parameter: what it is multiplied by, what of it is added to its gradient, step size, 1/√ correction of v.
  rates: array<vec4f, 8>,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

const VALUES = 1024u;
const THREADS = 256u;

struct Updated { value: Values, first: Values, second: Values }

fn update(rates: vec4f, value: Values, gradient: Values, first: Values, second: Values) -> Updated {
  let q = parameters;
  let g = gradient + rates.y * value;
  let m = q.beta1 * first + q.rest1 * g;
  let v = q.beta2 * second + q.rest2 * g * g;
  return Updated(rates.x * value - rates.z * m / (sqrt(v) / rates.w + q.epsilon), m, v);
}

// Number of Values, and first workgroup.
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
