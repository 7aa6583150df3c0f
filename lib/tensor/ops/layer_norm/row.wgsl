// A row of channels shared by LANES invocations, no more than channels, each of which takes every LANES-th channel: mean
// and 1/√(variance + ε) of the row. Each takes the moments of its own channels, and all join them in the same order.

struct Parameters { rows: u32, channels: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;

override LANES: u32 = 1u;
override WORKGROUP: u32 = 256u;

var<workgroup> laneSums: array<f32, 256>;
var<workgroup> laneSquares: array<f32, 256>;

struct Place { row: u32, start: u32, lane: u32, thread: u32, inside: bool }

fn placeOf(group: vec3u, groups: vec3u, thread: u32) -> Place {
  let row = (group.x + group.y * groups.x) * (WORKGROUP / LANES) + thread / LANES;
  // Rows beyond the last are computed for the barriers' sake, and not written.
  let start = min(row, parameters.rows - 1u) * parameters.channels;
  return Place(row, start, thread % LANES, thread, row < parameters.rows);
}

fn countOf(lane: u32) -> f32 {
  return f32((parameters.channels - lane + LANES - 1u) / LANES);
}

// Mean and 1/√(variance + ε) of a row.
fn statisticsOf(place: Place) -> vec2f {
  let channels = parameters.channels;
  let origin = x[place.start];
  var sum = 0.0;
  for (var c = place.lane; c < channels; c += LANES) { sum += x[place.start + c] - origin; }
  let own = sum / countOf(place.lane);
  var square = 0.0;
  for (var c = place.lane; c < channels; c += LANES) {
    let distance = x[place.start + c] - origin - own;
    square = fma(distance, distance, square);
  }
  var mean = own;
  if (LANES > 1u) {
    laneSums[place.thread] = own;
    laneSquares[place.thread] = square;
    workgroupBarrier();
    let first = place.thread - place.lane;
    sum = 0.0;
    for (var lane = 0u; lane < LANES; lane++) { sum = fma(countOf(lane), laneSums[first + lane], sum); }
    mean = sum / f32(channels);
    square = 0.0;
    for (var lane = 0u; lane < LANES; lane++) {
      let distance = laneSums[first + lane] - mean;
      square += fma(countOf(lane) * distance, distance, laneSquares[first + lane]);
    }
  }
  return vec2f(origin + mean, 1.0 / sqrt(square / f32(channels) + parameters.epsilon));
}
