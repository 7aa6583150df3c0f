// y = x ⋆ weight (+ bias) without workgroup memory: every invocation holds 4 rows of 8 voxels of one channel. For
// adapters that compute on the CPU, where barriers cost more than reading again, and for kernels of more than 7 taps.
//
// Invocations of a workgroup share the channel, so that its taps are read once for all of them.

struct Parameters {
  depth: u32, height: u32, width: u32, channels: u32,
  kernel: u32,
  blocksH: u32, blocksW: u32, blocks: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

override HAS_BIAS: bool = false;
// Whether the kernel is turned by 180°, as the input gradient takes it.
override TURNED: bool = false;

const ROWS = 4u;
const COLUMNS = 8u;

fn valueAt(start: u32, column: u32) -> f32 {
  // Columns before the first are beyond the last as unsigned integers.
  if (column >= parameters.width) { return 0.0; }
  return x[start + column * parameters.channels];
}

fn fourValues(start: u32, column: u32) -> vec4f {
  return vec4f(
    valueAt(start, column),
    valueAt(start, column + 1u),
    valueAt(start, column + 2u),
    valueAt(start, column + 3u),
  );
}

fn rowAt(start: u32, line: u32, column: u32) -> Wide {
  var row = Wide(vec4f(0.0), vec4f(0.0), vec4f(0.0), vec2f(0.0));
  if (line >= parameters.height) { return row; }
  let at = start + line * parameters.width * parameters.channels;
  row.a = fourValues(at, column);
  row.b = fourValues(at, column + 4u);
  if (TAPS > 1u) { row.c = vec4f(valueAt(at, column + 8u), valueAt(at, column + 9u), 0.0, 0.0); }
  if (TAPS > 3u) { row.c = vec4f(row.c.xy, valueAt(at, column + 10u), valueAt(at, column + 11u)); }
  if (TAPS > 5u) { row.d = vec2f(valueAt(at, column + 12u), valueAt(at, column + 13u)); }
  return row;
}

fn tapAt(row: u32, tap: u32, channel: u32) -> f32 {
  if (tap >= parameters.kernel) { return 0.0; }
  let i = row * parameters.kernel + tap;
  let last = parameters.kernel * parameters.kernel * parameters.kernel - 1u;
  return weight[select(i, last - i, TURNED) * parameters.channels + channel];
}

fn tapsAt(row: u32, tap: u32, channel: u32) -> Taps {
  var taps = Taps(vec4f(0.0), vec3f(0.0));
  taps.a.x = tapAt(row, tap, channel);
  if (TAPS > 1u) { taps.a = vec4f(taps.a.x, tapAt(row, tap + 1u, channel), tapAt(row, tap + 2u, channel), 0.0); }
  if (TAPS > 3u) {
    taps.a.w = tapAt(row, tap + 3u, channel);
    taps.b.x = tapAt(row, tap + 4u, channel);
  }
  if (TAPS > 5u) { taps.b = vec3f(taps.b.x, tapAt(row, tap + 5u, channel), tapAt(row, tap + 6u, channel)); }
  return taps;
}

fn storeRow(start: u32, line: u32, column: u32, row: Row) {
  if (line >= parameters.height) { return; }
  let at = start + line * parameters.width * parameters.channels;
  // unroll
  for (var i = 0u; i < COLUMNS; i++) {
    if (column + i < parameters.width) {
      y[at + (column + i) * parameters.channels] = select(row.b[i % 4u], row.a[i % 4u], i < 4u);
    }
  }
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let workgroup = group.x + group.y * groups.x;
  let channel = workgroup % q.channels;
  let block = (workgroup / q.channels) * 8u + thread;
  if (block >= q.blocks) { return; }
  let column = (block % q.blocksW) * COLUMNS;
  let line = (block / q.blocksW) % q.blocksH * ROWS;
  let plane = block / (q.blocksW * q.blocksH); // batch·depth + d
  let d = plane % q.depth;
  let border = (q.kernel - 1u) / 2u;
  let planeSize = q.height * q.width * q.channels;

  var initial = 0.0;
  if (HAS_BIAS) { initial = bias[channel]; }
  var s0 = Row(vec4f(initial), vec4f(initial));
  var s1 = s0;
  var s2 = s0;
  var s3 = s0;
  for (var kd = 0u; kd < q.kernel; kd++) {
    if (d + kd - border >= q.depth) { continue; }
    let start = (plane + kd - border) * planeSize + channel;
    for (var kw = 0u; kw < q.kernel; kw += TAPS) {
      let first = column + kw - border;
      let top = line - border;
      var x0 = rowAt(start, top, first);
      var x1 = rowAt(start, top + 1u, first);
      var x2 = rowAt(start, top + 2u, first);
      for (var kh = 0u; kh < q.kernel; kh++) {
        let x3 = rowAt(start, top + kh + 3u, first);
        let taps = tapsAt(kd * q.kernel + kh, kw, channel);
        s0 = addTaps(s0, taps, x0);
        s1 = addTaps(s1, taps, x1);
        s2 = addTaps(s2, taps, x2);
        s3 = addTaps(s3, taps, x3);
        x0 = x1;
        x1 = x2;
        x2 = x3;
      }
    }
  }
  let start = plane * planeSize + channel;
  storeRow(start, line, column, s0);
  storeRow(start, line + 1u, column, s1);
  storeRow(start, line + 2u, column, s2);
  storeRow(start, line + 3u, column, s3);
}
