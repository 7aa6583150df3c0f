// Memory by vectors of four channels: for gathered channels in whole steps of a kernel, and others divisible by four.

const LANES = 4u;

@group(0) @binding(1) var<storage, read> x: array<vec4f>;
// Weights, or the gradient that weights are multiplied with.
@group(0) @binding(2) var<storage, read> other: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> result: array<vec4f>;

// Four neighbouring products of a voxel's sum: channels of one tap.
struct Taps { way: vec3i, distance: i32, channel: u32, index: u32 }

// Where a step of products starts; it does not go beyond a tap.
alias Start = Place;

fn startAt(product: u32, reach: Reach) -> Start { return placeAt(product, reach); }

fn startAfter(start: Start, count: u32, reach: Reach) -> Start { return placeAfter(start, count, reach); }

// Four products from `ahead` behind a start on; the start's tap is theirs.
fn tapsFrom(start: Start, ahead: u32, reach: Reach) -> Taps {
  let tap = tapOf(start.step, reach);
  let channel = start.channel + ahead;
  let distance = (voxelsTo(tap.way) * i32(parameters.gathered.w) + i32(channel)) / 4;
  return Taps(tap.way, distance, channel, tap.index);
}

fn gather(base: vec4i, taps: Taps) -> vec4f {
  // Negative coordinates become large ones.
  if (all(vec3u(base.xyz + taps.way) < parameters.gathered.xyz)) { return x[u32(base.w + taps.distance)]; }
  return vec4f(0.0);
}

// Weights of four products (columns) to four channels of the owner (rows).
fn weightsOf(taps: Taps, channel: u32) -> mat4x4f {
  let inner = parameters.gathered.w;
  let outer = parameters.owner.w;
  if (channel >= outer) { return mat4x4f(); }
  if (GRADIENT) {
    let at = ((taps.index * outer + channel) * inner + taps.channel) / 4u;
    let row = inner / 4u;
    return transpose(mat4x4f(other[at], other[at + row], other[at + 2u * row], other[at + 3u * row]));
  }
  let at = ((taps.index * inner + taps.channel) * outer + channel) / 4u;
  let row = outer / 4u;
  return mat4x4f(other[at], other[at + row], other[at + 2u * row], other[at + 3u * row]);
}

// Four channels of a row of the owner.
fn otherAt(row: u32, channel: u32) -> vec4f {
  if (channel >= parameters.owner.w) { return vec4f(0.0); }
  return other[(row * parameters.owner.w + channel) / 4u];
}

fn biasAt(channel: u32) -> vec4f {
  return bias[channel / 4u];
}

fn write(row: u32, channel: u32, value: vec4f) {
  if (channel < parameters.owner.w) { result[(row * parameters.owner.w + channel) / 4u] = value; }
}
