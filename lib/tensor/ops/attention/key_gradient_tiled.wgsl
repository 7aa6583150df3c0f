// Gradients of 64 keys and values of one head, from all queries: with the weights p = exp(q·k·scale − statistic) and
// ds = p·(dy·v − centre)·scale, dv = Σ p·dy and dk = Σ ds·q.

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  place = group.yz;
  let tokens = parameters.tokens;
  let row0 = TILE * group.x;
  var dKey: array<vec4f, 8>;
  var dValue: array<vec4f, 8>;
  // unroll
  for (var i = 0u; i < 8u; i++) { dKey[i] = vec4f(0.0); dValue[i] = vec4f(0.0); }
  for (var column0 = 0u; column0 < tokens; column0 += TILE) {
    let isToken = inside(column0, thread, tokens);
    var statistic: vec4f;
    var centre: vec4f;
    // unroll
    for (var j = 0u; j < 4u; j++) {
      let at = statisticOf(min(column0 + 4u * (thread % 16u) + j, tokens - 1u));
      statistic[j] = statistics[at];
      centre[j] = centres[at];
    }
    var found: array<vec4f, 8>;
    products(&found, KEY, row0, QUERY, column0, thread);
    var gradient: array<vec4f, 8>;
    products(&gradient, VALUE, row0, GRADIENT, column0, thread);
    // unroll
    for (var i = 0u; i < 8u; i++) {
      found[i] = select(vec4f(0.0), exp(parameters.scale * found[i] - statistic), isToken);
      gradient[i] = parameters.scale * found[i] * (gradient[i] - centre);
    }
    accumulate(&dValue, &found, GRADIENT, column0, thread);
    accumulate(&dKey, &gradient, QUERY, column0, thread);
  }
  // unroll
  for (var i = 0u; i < 8u; i++) {
    let row = row0 + 8u * (thread / 16u) + i;
    if (row < tokens) {
      write(rowOf(KEY, 3u, row), 4u * (thread % 16u), dKey[i]);
      write(rowOf(VALUE, 3u, row), 4u * (thread % 16u), dValue[i]);
    }
  }
}
