// Gradient of 64 queries of one head, from all keys: dq = Σ ds·k, with ds as in key_gradient_tiled.wgsl.

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  place = group.yz;
  let tokens = parameters.tokens;
  let row0 = TILE * group.x;
  var dQuery: array<vec4f, 8>;
  // unroll
  for (var i = 0u; i < 8u; i++) { dQuery[i] = vec4f(0.0); }
  for (var column0 = 0u; column0 < tokens; column0 += TILE) {
    let isToken = inside(column0, thread, tokens);
    var found: array<vec4f, 8>;
    products(&found, QUERY, row0, KEY, column0, thread);
    var gradient: array<vec4f, 8>;
    products(&gradient, GRADIENT, row0, VALUE, column0, thread);
    // unroll
    for (var i = 0u; i < 8u; i++) {
      let at = statisticOf(min(row0 + 8u * (thread / 16u) + i, tokens - 1u));
      let weight = exp(parameters.scale * found[i] - statistics[at]);
      gradient[i] = select(vec4f(0.0), parameters.scale * weight * (gradient[i] - centres[at]), isToken);
    }
    accumulate(&dQuery, &gradient, KEY, column0, thread);
  }
  // unroll
  for (var i = 0u; i < 8u; i++) {
    let row = row0 + 8u * (thread / 16u) + i;
    if (row < tokens) {
      write(rowOf(QUERY, 3u, row), 4u * (thread % 16u), dQuery[i]);
    }
  }
}
