// As forward_tiled.wgsl: 4 queries of an invocation, 8 keys at a time.

@group(0) @binding(3) var<storage, read_write> output: array<Stored>;
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;

const LOWEST = -1e30;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  place = group.yz;
  let tokens = parameters.tokens;
  let row0 = 4u * LANES * group.x + thread;
  let queries = rowsOf(QUERY, row0);
  clear(thread);
  var highest = vec4f(LOWEST);
  var total = vec4f(0.0);
  for (var column0 = 0u; column0 < tokens; column0 += 8u) {
    var scores: array<vec4f, 8>;
    products(&scores, queries, KEY, column0);
    var high = highest;
    // unroll
    for (var j = 0u; j < 8u; j++) {
      scores[j] = select(vec4f(LOWEST), parameters.scale * scores[j], column0 + j < tokens);
      high = max(high, scores[j]);
    }
    let shrink = exp(highest - high);
    highest = high;
    total *= shrink;
    // unroll
    for (var j = 0u; j < 8u; j++) {
      scores[j] = exp(scores[j] - high);
      total += scores[j];
    }
    accumulate(shrink, &scores, VALUE, column0, thread);
  }
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + LANES * i;
    if (row < tokens) {
      writeRow(rowOf(0u, 1u, row), i, 1.0 / total[i], thread);
      statistics[statisticOf(row)] = highest[i] + log(total[i]);
    }
  }
}
