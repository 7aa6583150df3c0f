// softmax(q·kᵀ·scale)·v of 64 queries of one head, keys by keys: the scores of 64 keys are in registers at a time, and what
// earlier keys gave is scaled down when a higher score comes. Statistics: the logarithm of every query's sum of
// exponentials, from which the backward pass finds the weights again.

@group(0) @binding(3) var<storage, read_write> output: array<Stored>;
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;

const LOWEST = -1e30;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  place = group.yz;
  let tokens = parameters.tokens;
  let row0 = TILE * group.x;
  var sums: array<vec4f, 8>;
  // unroll
  for (var i = 0u; i < 8u; i++) { sums[i] = vec4f(0.0); }
  // Of rows 0 to 3 and 4 to 7; the sums of exponentials are those of this invocation's columns.
  var highest = array<vec4f, 2>(vec4f(LOWEST), vec4f(LOWEST));
  var total = array<vec4f, 2>(vec4f(0.0), vec4f(0.0));
  for (var column0 = 0u; column0 < tokens; column0 += TILE) {
    var scores: array<vec4f, 8>;
    products(&scores, QUERY, row0, KEY, column0, thread);
    let isToken = inside(column0, thread, tokens);
    // unroll
    for (var i = 0u; i < 8u; i++) { scores[i] = select(vec4f(LOWEST), parameters.scale * scores[i], isToken); }
    // unroll
    for (var part = 0u; part < 2u; part++) {
      let first = 4u * part;
      weights[(thread / 16u * 2u + part) * 16u + thread % 16u] = vec4f(
        largest(scores[first]), largest(scores[first + 1u]), largest(scores[first + 2u]), largest(scores[first + 3u]),
      );
    }
    workgroupBarrier();
    // unroll
    for (var part = 0u; part < 2u; part++) {
      var high = highest[part];
      // unroll
      for (var x = 0u; x < 16u; x++) { high = max(high, weights[(thread / 16u * 2u + part) * 16u + x]); }
      let shrink = exp(highest[part] - high);
      highest[part] = high;
      var added = vec4f(0.0);
      // unroll
      for (var j = 0u; j < 4u; j++) {
        let i = 4u * part + j;
        scores[i] = exp(scores[i] - high[j]);
        added[j] = dot(scores[i], vec4f(1.0));
        sums[i] *= shrink[j];
      }
      total[part] = total[part] * shrink + added;
    }
    // All have read the highest scores before weights take their place.
    workgroupBarrier();
    accumulate(&sums, &scores, VALUE, column0, thread);
  }
  // unroll
  for (var part = 0u; part < 2u; part++) { weights[(thread / 16u * 2u + part) * 16u + thread % 16u] = total[part]; }
  workgroupBarrier();
  // unroll
  for (var part = 0u; part < 2u; part++) {
    var all = vec4f(0.0);
    // unroll
    for (var x = 0u; x < 16u; x++) { all += weights[(thread / 16u * 2u + part) * 16u + x]; }
    // unroll
    for (var j = 0u; j < 4u; j++) {
      let i = 4u * part + j;
      let row = row0 + 8u * (thread / 16u) + i;
      if (row < tokens) {
        write(rowOf(0u, 1u, row), 4u * (thread % 16u), sums[i] / all[j]);
        if (thread % 16u == 0u) { statistics[statisticOf(row)] = highest[part][j] + log(all[j]); }
      }
    }
  }
}

fn largest(a: vec4f) -> f32 {
  return max(max(a.x, a.y), max(a.z, a.w));
}
