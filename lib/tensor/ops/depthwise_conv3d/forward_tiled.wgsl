// y = x ⋆ weight (+ bias) by tiles in workgroup memory: a workgroup takes 16 channels of LINES × 8 voxels and marches
// along the depth. Each plane of the input comes into workgroup memory once, with its border, and is added to the sums
// of the up to TAPS planes of output that see it; an invocation holds 2 rows of 8 voxels of each. A value read from
// workgroup memory thus serves about 10 products of a 5³ kernel. Neighbouring invocations take neighbouring channels.
//
// The depth of a sample is cut into segments where there would be too few workgroups otherwise.

struct Parameters {
  depth: u32, height: u32, width: u32, channels: u32,
  blocksC: u32, blocksH: u32, blocksW: u32, workgroups: u32,
  segment: u32, segments: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

override HAS_BIAS: bool = false;
// Whether the kernel is turned by 180°, as the input gradient takes it.
override TURNED: bool = false;
// Rows of output of a workgroup, even.
override LINES: u32 = 16u;
override WORKGROUP: u32 = 128u; // CHANNELS · LINES / 2

const CHANNELS = 16u;
const COLUMNS = 8u;

// [LINES + TAPS − 1][line], a line being COLUMNS + TAPS − 1 voxels of 16 channels and 8 values that shift the next but
// one to other banks.
var<workgroup> tile: array<f32, 4096>;

struct Sums { upper: Row, lower: Row }

fn lineLength() -> u32 {
  return (COLUMNS + TAPS - 1u) * CHANNELS + 8u;
}

fn tileRow(at: u32) -> Wide {
  var row = Wide(vec4f(0.0), vec4f(0.0), vec4f(0.0), vec2f(0.0));
  row.a = vec4f(tile[at], tile[at + 16u], tile[at + 32u], tile[at + 48u]);
  row.b = vec4f(tile[at + 64u], tile[at + 80u], tile[at + 96u], tile[at + 112u]);
  if (TAPS > 1u) { row.c = vec4f(tile[at + 128u], tile[at + 144u], 0.0, 0.0); }
  if (TAPS > 3u) { row.c = vec4f(row.c.xy, tile[at + 160u], tile[at + 176u]); }
  if (TAPS > 5u) { row.d = vec2f(tile[at + 192u], tile[at + 208u]); }
  return row;
}

fn tapsAt(row: u32, channel: u32) -> Taps {
  let count = TAPS * TAPS * TAPS;
  // Backwards when the kernel is turned: unsigned integers wrap.
  let stride = select(parameters.channels, 0u - parameters.channels, TURNED);
  let at = select(row * TAPS, count - 1u - row * TAPS, TURNED) * parameters.channels + channel;
  var taps = Taps(vec4f(0.0), vec3f(0.0));
  taps.a.x = weight[at];
  if (TAPS > 1u) { taps.a = vec4f(taps.a.x, weight[at + stride], weight[at + 2u * stride], 0.0); }
  if (TAPS > 3u) {
    taps.a.w = weight[at + 3u * stride];
    taps.b.x = weight[at + 4u * stride];
  }
  if (TAPS > 5u) { taps.b = vec3f(taps.b.x, weight[at + 5u * stride], weight[at + 6u * stride]); }
  return taps;
}

fn addRows(sums: Sums, row: u32, channel: u32, upper: Wide, lower: Wide) -> Sums {
  let taps = tapsAt(row, channel);
  return Sums(addTaps(sums.upper, taps, upper), addTaps(sums.lower, taps, lower));
}

fn storeRow(start: u32, line: u32, column: u32, row: Row) {
  if (line >= parameters.height) { return; }
  let stride = parameters.channels;
  let at = start + (line * parameters.width + column) * stride;
  let count = parameters.width - column;
  y[at] = row.a.x;
  if (count > 1u) { y[at + stride] = row.a.y; }
  if (count > 2u) { y[at + 2u * stride] = row.a.z; }
  if (count > 3u) { y[at + 3u * stride] = row.a.w; }
  if (count > 4u) { y[at + 4u * stride] = row.b.x; }
  if (count > 5u) { y[at + 5u * stride] = row.b.y; }
  if (count > 6u) { y[at + 6u * stride] = row.b.z; }
  if (count > 7u) { y[at + 7u * stride] = row.b.w; }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let place = group.x + group.y * groups.x;
  // Blocks of channels are next to one another, as their values are in memory.
  let channel0 = (place % q.blocksC) * CHANNELS;
  let column0 = (place / q.blocksC) % q.blocksW * COLUMNS;
  let line0 = (place / (q.blocksC * q.blocksW)) % q.blocksH * LINES;
  let part = place / (q.blocksC * q.blocksW * q.blocksH); // batch·segments + segment
  let sample = part / q.segments * q.depth;
  let first = part % q.segments * q.segment;
  let last = min(first + q.segment, q.depth);
  let c = thread % CHANNELS;
  let channel = min(channel0 + c, q.channels - 1u);
  let line = thread / CHANNELS * 2u;
  let border = (TAPS - 1u) / 2u;
  let planeSize = q.height * q.width * q.channels;
  let voxels = COLUMNS + TAPS - 1u;
  let loads = (LINES + TAPS - 1u) * voxels * CHANNELS;
  let writes = place < q.workgroups && channel0 + c < q.channels;

  var initial = 0.0;
  if (HAS_BIAS) { initial = bias[channel]; }
  let empty = Sums(Row(vec4f(initial), vec4f(initial)), Row(vec4f(initial), vec4f(initial)));
  // s0 is plane z of output, s1 the one before, and so on.
  var s0 = empty;
  var s1 = empty;
  var s2 = empty;
  var s3 = empty;
  var s4 = empty;
  var s5 = empty;
  var s6 = empty;
  // The plane of input is z − border, and completes the plane z − 2·border of output.
  for (var z = first; z < last + 2u * border; z++) {
    let inside = z >= border && z - border < q.depth;
    if (inside) {
      let start = (sample + z - border) * planeSize + channel0;
      for (var e = thread; e < loads; e += WORKGROUP) {
        let voxel = e / CHANNELS;
        let row = voxel / voxels;
        // Lines and columns before the first are beyond the last as unsigned integers.
        let h = line0 + row - border;
        let w = column0 + voxel % voxels - border;
        var value = 0.0;
        if (h < q.height && w < q.width && channel0 + e % CHANNELS < q.channels) {
          value = x[start + (h * q.width + w) * q.channels + e % CHANNELS];
        }
        tile[row * lineLength() + voxel % voxels * CHANNELS + e % CHANNELS] = value;
      }
    }
    workgroupBarrier();
    if (inside) {
      var at = line * lineLength() + c;
      var upper = tileRow(at);
      for (var kh = 0u; kh < TAPS; kh++) {
        at += lineLength();
        let lower = tileRow(at);
        // Plane z − kd of output sees this plane of input through its taps kd.
        if (z < last) { s0 = addRows(s0, kh, channel, upper, lower); }
        if (TAPS > 1u) {
          if (z >= first + 1u && z < last + 1u) { s1 = addRows(s1, 1u * TAPS + kh, channel, upper, lower); }
          if (z >= first + 2u && z < last + 2u) { s2 = addRows(s2, 2u * TAPS + kh, channel, upper, lower); }
        }
        if (TAPS > 3u) {
          if (z >= first + 3u && z < last + 3u) { s3 = addRows(s3, 3u * TAPS + kh, channel, upper, lower); }
          if (z >= first + 4u && z < last + 4u) { s4 = addRows(s4, 4u * TAPS + kh, channel, upper, lower); }
        }
        if (TAPS > 5u) {
          if (z >= first + 5u && z < last + 5u) { s5 = addRows(s5, 5u * TAPS + kh, channel, upper, lower); }
          if (z >= first + 6u && z < last + 6u) { s6 = addRows(s6, 6u * TAPS + kh, channel, upper, lower); }
        }
        upper = lower;
      }
    }
    workgroupBarrier();
    if (writes && z >= first + 2u * border) {
      var complete = s0;
      if (TAPS == 3u) { complete = s2; }
      if (TAPS == 5u) { complete = s4; }
      if (TAPS == 7u) { complete = s6; }
      let start = (sample + z - 2u * border) * planeSize + channel;
      storeRow(start, line0 + line, column0, complete.upper);
      storeRow(start, line0 + line + 1u, column0, complete.lower);
    }
    s6 = s5;
    s5 = s4;
    s4 = s3;
    s3 = s2;
    s2 = s1;
    s1 = s0;
    s0 = empty;
  }
}
