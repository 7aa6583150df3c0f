// As query_gradient_tiled.wgsl: 4 queries of an invocation, 8 keys at a time.

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  place = group.yz;
  let tokens = parameters.tokens;
  let row0 = 4u * LANES * group.x + thread;
  let queries = rowsOf(QUERY, row0);
  let gradients = rowsOf(GRADIENT, row0);
  var statistic: vec4f;
  var centre: vec4f;
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let at = statisticOf(min(row0 + LANES * i, tokens - 1u));
    statistic[i] = statistics[at];
    centre[i] = centres[at];
  }
  clear(thread);
  for (var column0 = 0u; column0 < tokens; column0 += 8u) {
    var found: array<vec4f, 8>;
    products(&found, queries, KEY, column0);
    var gradient: array<vec4f, 8>;
    products(&gradient, gradients, VALUE, column0);
    // unroll
    for (var j = 0u; j < 8u; j++) {
      let weight = parameters.scale * exp(parameters.scale * found[j] - statistic);
      gradient[j] = select(vec4f(0.0), weight * (gradient[j] - centre), column0 + j < tokens);
    }
    accumulate(vec4f(1.0), &gradient, KEY, column0, thread);
  }
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + LANES * i;
    if (row < tokens) { writeRow(rowOf(QUERY, 3u, row), i, 1.0, thread); }
  }
}
