// Memory value by value, for any number of channels: the functions of quads.wgsl.

const LANES = 1u;

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> other: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> result: array<f32>;

// Four neighbouring products of a voxel's sum; they may be of different taps, or beyond the last.
struct Taps { ways: array<vec3i, 4>, distances: vec4i, weights: vec4u, inside: vec4<bool> }

// Where a step of products starts.
struct Start { product: u32 }

fn startAt(product: u32, reach: Reach) -> Start { return Start(product); }

fn startAfter(start: Start, count: u32, reach: Reach) -> Start { return Start(start.product + count); }

fn tapsFrom(start: Start, ahead: u32, reach: Reach) -> Taps {
  let inner = parameters.gathered.w;
  let outer = parameters.owner.w;
  var taps: Taps;
  var place = placeAt(start.product + ahead, reach);
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let tap = tapOf(place.step, reach);
    let channel = place.channel;
    taps.ways[i] = tap.way;
    taps.distances[i] = voxelsTo(tap.way) * i32(inner) + i32(channel);
    taps.weights[i] = select((tap.index * inner + channel) * outer, tap.index * outer * inner + channel, GRADIENT);
    taps.inside[i] = place.step.x < reach.taps.x;
    place = placeAfter(place, 1u, reach);
  }
  return taps;
}

fn gather(base: vec4i, taps: Taps) -> vec4f {
  var values = vec4f(0.0);
  // unroll
  for (var i = 0u; i < 4u; i++) {
    let at = vec3u(base.xyz + taps.ways[i]);
    if (taps.inside[i] && all(at < parameters.gathered.xyz)) { values[i] = x[u32(base.w + taps.distances[i])]; }
  }
  return values;
}

fn weightsOf(taps: Taps, channel: u32) -> mat4x4f {
  let step = select(1u, parameters.gathered.w, GRADIENT);
  var block = mat4x4f();
  // unroll
  for (var i = 0u; i < 4u; i++) {
    // unroll
    for (var j = 0u; j < 4u; j++) {
      let inside = taps.inside[i] && channel + j < parameters.owner.w;
      if (inside) { block[i][j] = other[taps.weights[i] + (channel + j) * step]; }
    }
  }
  return block;
}

fn otherAt(row: u32, channel: u32) -> vec4f {
  var values = vec4f(0.0);
  // unroll
  for (var j = 0u; j < 4u; j++) {
    if (channel + j < parameters.owner.w) { values[j] = other[row * parameters.owner.w + channel + j]; }
  }
  return values;
}

fn biasAt(channel: u32) -> vec4f {
  var values = vec4f(0.0);
  // unroll
  for (var j = 0u; j < 4u; j++) {
    if (channel + j < parameters.owner.w) { values[j] = bias[channel + j]; }
  }
  return values;
}

fn write(row: u32, channel: u32, value: vec4f) {
  // unroll
  for (var j = 0u; j < 4u; j++) {
    if (channel + j < parameters.owner.w) { result[row * parameters.owner.w + channel + j] = value[j]; }
  }
}
