// What the kernels of attention for adapters that compute on the CPU, and for wide heads, have in common: products of an
// invocation's 4 rows with 8 columns at a time, where rows and columns are tokens of one head. What is the same for a whole
// workgroup, as the columns are, is read once there; nothing waits for other invocations.
//
// Put before it: LANES, the invocations of a workgroup, values.wgsl and memory.wgsl.

// An invocation's four rows.
struct Rows { part: u32, starts: vec4u }

// Sums of every channel: an invocation's own memory, in which arrays of its own would be slower.
var<workgroup> sums: array<vec4f, WIDTH * LANES>;

fn valueAt(part: u32, at: u32) -> f32 {
  if (part == GRADIENT) { return dy[at]; }
  return qkv[at];
}

fn startOf(part: u32, token: u32) -> u32 {
  let known = min(token, parameters.tokens - 1u);
  if (part == GRADIENT) { return rowOf(0u, 1u, known); }
  return rowOf(part, 3u, known);
}

fn rowsOf(part: u32, row0: u32) -> Rows {
  let starts = vec4u(
    startOf(part, row0), startOf(part, row0 + LANES), startOf(part, row0 + 2u * LANES), startOf(part, row0 + 3u * LANES),
  );
  return Rows(part, starts);
}

fn startsOf(part: u32, column0: u32) -> array<u32, 8> {
  var starts: array<u32, 8>;
  // unroll
  for (var j = 0u; j < 8u; j++) { starts[j] = startOf(part, column0 + j); }
  return starts;
}

// values[j] = Σ rows · column j over the channels.
fn products(values: ptr<function, array<vec4f, 8>>, rows: Rows, part: u32, column0: u32) {
  let starts = startsOf(part, column0);
  // unroll
  for (var j = 0u; j < 8u; j++) { (*values)[j] = vec4f(0.0); }
  for (var d = 0u; d < WIDTH; d++) {
    let at = rows.starts + vec4u(d);
    let row = vec4f(
      valueAt(rows.part, at.x), valueAt(rows.part, at.y), valueAt(rows.part, at.z), valueAt(rows.part, at.w),
    );
    // unroll
    for (var j = 0u; j < 8u; j++) { (*values)[j] = fma(row, vec4f(valueAt(part, starts[j] + d)), (*values)[j]); }
  }
}

// sums = sums·shrink + Σ factors[j] · column j, for every channel.
fn accumulate(shrink: vec4f, factors: ptr<function, array<vec4f, 8>>, part: u32, column0: u32, thread: u32) {
  let starts = startsOf(part, column0);
  for (var d = 0u; d < WIDTH; d++) {
    var sum = sums[d * LANES + thread] * shrink;
    // unroll
    for (var j = 0u; j < 8u; j++) { sum = fma((*factors)[j], vec4f(valueAt(part, starts[j] + d)), sum); }
    sums[d * LANES + thread] = sum;
  }
}

fn clear(thread: u32) {
  for (var d = 0u; d < WIDTH; d++) { sums[d * LANES + thread] = vec4f(0.0); }
}

// Writes row i of the sums, times a factor.
fn writeRow(at: u32, i: u32, factor: f32, thread: u32) {
  for (var d = 0u; d < WIDTH; d++) { output[at + d] = factor * sums[d * LANES + thread][i]; }
}
