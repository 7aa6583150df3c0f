// dWeight[kd, kh, kw, c] = Σ over voxels of x[v + k, c]·dy[v, c]: every invocation holds the k × k taps of one channel
// and one kd, and walks down columns of 8 voxels; the last k rows of dy stay in registers, so that 20 values read serve
// 200 products of a 5³ kernel. Neighbouring invocations take neighbouring channels. The taps of larger kernels than 7³
// are shared out in parts of 7 × 7.
//
// A slice is a share of the columns; each writes sums of its own, which a second pass adds.

struct Parameters {
  depth: u32, height: u32, width: u32, channels: u32,
  kernel: u32,
  blocksW: u32, columns: u32,
  slices: u32, columnsPerSlice: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

override WORKGROUP: u32 = 64u;

const COLUMNS = 8u;

fn valueAt(start: u32, column: u32) -> f32 {
  // Columns before the first are beyond the last as unsigned integers.
  if (column >= parameters.width) { return 0.0; }
  return x[start + column * parameters.channels];
}

fn fourInputs(start: u32, column: u32) -> vec4f {
  return vec4f(
    valueAt(start, column),
    valueAt(start, column + 1u),
    valueAt(start, column + 2u),
    valueAt(start, column + 3u),
  );
}

fn inputRow(start: u32, column: u32) -> Wide {
  var row = Wide(vec4f(0.0), vec4f(0.0), vec4f(0.0), vec2f(0.0));
  row.a = fourInputs(start, column);
  row.b = fourInputs(start, column + 4u);
  if (TAPS > 1u) { row.c = vec4f(valueAt(start, column + 8u), valueAt(start, column + 9u), 0.0, 0.0); }
  if (TAPS > 3u) { row.c = vec4f(row.c.xy, valueAt(start, column + 10u), valueAt(start, column + 11u)); }
  if (TAPS > 5u) { row.d = vec2f(valueAt(start, column + 12u), valueAt(start, column + 13u)); }
  return row;
}

fn gradientAt(start: u32, column: u32) -> f32 {
  if (column >= parameters.width) { return 0.0; }
  return dy[start + column * parameters.channels];
}

fn fourGradients(start: u32, column: u32) -> vec4f {
  return vec4f(
    gradientAt(start, column),
    gradientAt(start, column + 1u),
    gradientAt(start, column + 2u),
    gradientAt(start, column + 3u),
  );
}

fn gradientRow(start: u32, line: u32, column: u32) -> Row {
  if (line >= parameters.height) { return Row(vec4f(0.0), vec4f(0.0)); }
  let at = start + line * parameters.width * parameters.channels;
  return Row(fourGradients(at, column), fourGradients(at, column + 4u));
}

fn storeTap(place: Place, kh: u32, kw: u32, tap: f32) {
  let k = parameters.kernel;
  if (kh >= k || kw >= k) { return; }
  sums[(((place.slice * k + place.kd) * k + kh) * k + kw) * parameters.channels + place.channel] = tap;
}

fn storeTaps(place: Place, row: u32, taps: Taps) {
  let kh = place.kh + row;
  storeTap(place, kh, place.kw, taps.a.x);
  if (TAPS > 1u) {
    storeTap(place, kh, place.kw + 1u, taps.a.y);
    storeTap(place, kh, place.kw + 2u, taps.a.z);
  }
  if (TAPS > 3u) {
    storeTap(place, kh, place.kw + 3u, taps.a.w);
    storeTap(place, kh, place.kw + 4u, taps.b.x);
  }
  if (TAPS > 5u) {
    storeTap(place, kh, place.kw + 5u, taps.b.y);
    storeTap(place, kh, place.kw + 6u, taps.b.z);
  }
}

// What an invocation sums: taps from (kd, kh, kw) of a channel, over a slice.
struct Place { channel: u32, kd: u32, kh: u32, kw: u32, slice: u32 }

// Channel fastest, then taps, then slice.
fn placeOf(i: u32) -> Place {
  let q = parameters;
  let parts = (q.kernel + TAPS - 1u) / TAPS;
  let t = i / q.channels;
  let kw = t % parts * TAPS;
  let kh = t / parts % parts * TAPS;
  let kd = t / (parts * parts) % q.kernel;
  return Place(i % q.channels, kd, kh, kw, t / (parts * parts * q.kernel));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let place = placeOf((group.x + group.y * groups.x) * WORKGROUP + thread);
  if (place.slice >= q.slices) { return; }
  let border = (q.kernel - 1u) / 2u;
  let line = q.width * q.channels;
  let planeSize = q.height * line;
  let end = min(q.columns, (place.slice + 1u) * q.columnsPerSlice);

  let none = Taps(vec4f(0.0), vec3f(0.0));
  var t0 = none;
  var t1 = none;
  var t2 = none;
  var t3 = none;
  var t4 = none;
  var t5 = none;
  var t6 = none;
  for (var i = place.slice * q.columnsPerSlice; i < end; i++) {
    let column = (i % q.blocksW) * COLUMNS;
    let plane = i / q.blocksW; // batch·depth + d
    if (plane % q.depth + place.kd - border >= q.depth) { continue; }
    let start = plane * planeSize + place.channel;
    let inputStart = (plane + place.kd - border) * planeSize + place.channel;
    // Row y of the input meets row y + border − kh of dy through tap kh: g0 through the first, g1 through the next.
    let offset = border - place.kh;
    let zero = Row(vec4f(0.0), vec4f(0.0));
    var g0 = zero;
    var g1 = zero;
    var g2 = zero;
    var g3 = zero;
    var g4 = zero;
    var g5 = zero;
    var g6 = zero;
    if (TAPS > 1u) { g0 = gradientRow(start, offset - 1u, column); }
    if (TAPS > 3u) { g1 = gradientRow(start, offset - 2u, column); }
    if (TAPS > 5u) {
      g2 = gradientRow(start, offset - 3u, column);
      g3 = gradientRow(start, offset - 4u, column);
      g4 = gradientRow(start, offset - 5u, column);
      g5 = gradientRow(start, offset - 6u, column);
    }
    for (var y = 0u; y < q.height; y++) {
      g6 = g5;
      g5 = g4;
      g4 = g3;
      g3 = g2;
      g2 = g1;
      g1 = g0;
      g0 = gradientRow(start, y + offset, column);
      let row = inputRow(inputStart + y * line, column + place.kw - border);
      t0 = addCorrelations(t0, g0, row);
      if (TAPS > 1u) {
        t1 = addCorrelations(t1, g1, row);
        t2 = addCorrelations(t2, g2, row);
      }
      if (TAPS > 3u) {
        t3 = addCorrelations(t3, g3, row);
        t4 = addCorrelations(t4, g4, row);
      }
      if (TAPS > 5u) {
        t5 = addCorrelations(t5, g5, row);
        t6 = addCorrelations(t6, g6, row);
      }
    }
  }
  storeTaps(place, 0u, t0);
  if (TAPS > 1u) {
    storeTaps(place, 1u, t1);
    storeTaps(place, 2u, t2);
  }
  if (TAPS > 3u) {
    storeTaps(place, 3u, t3);
    storeTaps(place, 4u, t4);
  }
  if (TAPS > 5u) {
    storeTaps(place, 5u, t5);
    storeTaps(place, 6u, t6);
  }
}
