// As key_gradient_tiled.wgsl: 4 keys, or their values, of an invocation, 8 queries at a time. The samples come twice, first
// for the keys and then for the values, since both sums would not fit.

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let samples = groups.z / 2u;
  let isOfKeys = group.z < samples;
  place = vec2u(group.y, group.z % samples);
  let tokens = parameters.tokens;
  let row0 = 4u * LANES * group.x + thread;
  let keys = rowsOf(KEY, row0);
  let values = rowsOf(VALUE, row0);
  clear(thread);
  for (var column0 = 0u; column0 < tokens; column0 += 8u) {
    var found: array<vec4f, 8>;
    products(&found, keys, QUERY, column0);
    // unroll
    for (var j = 0u; j < 8u; j++) {
      let weight = exp(parameters.scale * found[j] - statistics[statisticOf(min(column0 + j, tokens - 1u))]);
      found[j] = select(vec4f(0.0), weight, column0 + j < tokens);
    }
    if (isOfKeys) {
      var gradient: array<vec4f, 8>;
      products(&gradient, values, GRADIENT, column0);
      // unroll
      for (var j = 0u; j < 8u; j++) {
        let centre = centres[statisticOf(min(column0 + j, tokens - 1u))];
        gradient[j] = parameters.scale * found[j] * (gradient[j] - centre);
      }
      accumulate(vec4f(1.0), &gradient, QUERY, column0, thread);
    } else {
      accumulate(vec4f(1.0), &found, GRADIENT, column0, thread);
    }
  }
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + LANES * i;
    if (row < tokens) { writeRow(rowOf(select(VALUE, KEY, isOfKeys), 3u, row), i, 1.0, thread); }
  }
}
