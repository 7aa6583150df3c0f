// What the kernels of the dense convolution share: sizes, and which voxels a kernel tap connects.
//
// Taps of one tensor are gathered for every voxel of another: of x for the output and for the weights' gradient, of dy
// for the input's gradient. With a stride s, voxels of dx are s³ classes by their remainders, each with taps of its own.

struct Parameters {
  // Depth, height, width and channels of the tensor that taps are gathered from, and of the one they belong to.
  gathered: vec4u,
  owner: vec4u,
  batch: u32, kernel: u32, stride: u32,
  // Tiles of rows, parts that every sum is cut into, and classes times parts.
  rowTiles: u32, slices: u32, layers: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

override GRADIENT: bool = false;

// A class: its remainders, its size, its taps, the first one's place in the kernel, and the voxel which that reaches.
struct Reach { place: vec3u, size: vec3u, taps: vec3u, first: vec3u, origin: vec3i }

fn reachOf(number: u32) -> Reach {
  let q = parameters;
  let border = (q.kernel - 1u) / 2u;
  if (!GRADIENT) { return Reach(vec3u(0u), q.owner.xyz, vec3u(q.kernel), vec3u(0u), vec3i(-i32(border))); }
  let s = q.stride;
  let place = vec3u(number / (s * s), number / s % s, number % s);
  let first = (place + border) % s;
  let taps = (q.kernel + s - 1u - first) / s;
  return Reach(place, (q.owner.xyz + s - 1u - place) / s, taps, first, vec3i((place + border - first) / s));
}

// Voxel number `row` of grids of a size behind one another: depth, height, width, sample.
fn voxelAt(row: u32, size: vec3u) -> vec4u {
  let line = row / size.z;
  let plane = line / size.y;
  return vec4u(plane % size.x, line % size.y, row % size.z, plane / size.x);
}

// Where a voxel's taps start: three coordinates, and the place in memory (LANES values each) of those.
fn baseOf(voxel: vec4u, reach: Reach) -> vec4i {
  let at = vec3i(voxel.xyz) * select(i32(parameters.stride), 1, GRADIENT) + reach.origin;
  let sample = i32(voxel.w * parameters.gathered.x * parameters.gathered.y * parameters.gathered.z);
  return vec4i(at, (sample + voxelsTo(at)) * i32(parameters.gathered.w / LANES));
}

// Voxels from the corner of the gathered tensor to coordinates, which may be negative.
fn voxelsTo(at: vec3i) -> i32 {
  return (at.x * i32(parameters.gathered.y) + at.y) * i32(parameters.gathered.z) + at.z;
}

// A tap: its way from the first one, and its number in the kernel.
struct Tap { way: vec3i, index: u32 }

// A product of a voxel's sum: a tap by its place among those of its class, and a channel.
struct Place { step: vec3u, channel: u32 }

fn placeAt(product: u32, reach: Reach) -> Place {
  let number = product / parameters.gathered.w;
  let plane = number / reach.taps.z;
  return Place(vec3u(plane / reach.taps.y, plane % reach.taps.y, number % reach.taps.z), product % parameters.gathered.w);
}

// The place `count` products on, at most those of one tap: divisions take a GPU as long as dozens of sums.
fn placeAfter(place: Place, count: u32, reach: Reach) -> Place {
  let channel = place.channel + count;
  if (channel < parameters.gathered.w) { return Place(place.step, channel); }
  var step = place.step + vec3u(0u, 0u, 1u);
  if (step.z == reach.taps.z) { step = vec3u(step.x, step.y + 1u, 0u); }
  if (step.y == reach.taps.y) { step = vec3u(step.x + 1u, 0u, 0u); }
  return Place(step, channel - parameters.gathered.w);
}

fn tapOf(step: vec3u, reach: Reach) -> Tap {
  let at = reach.first + step * select(1u, parameters.stride, GRADIENT);
  let index = (at.x * parameters.kernel + at.y) * parameters.kernel + at.z;
  return Tap(select(vec3i(step), -vec3i(step), GRADIENT), index);
}

// Row of the result that belongs to a class's voxel; every slice has a result of its own.
fn resultRow(row: u32, slice: u32, reach: Reach) -> u32 {
  let q = parameters;
  if (!GRADIENT) { return slice * q.batch * q.owner.x * q.owner.y * q.owner.z + row; }
  let voxel = voxelAt(row, reach.size);
  let at = voxel.xyz * q.stride + reach.place;
  return (((slice * q.batch + voxel.w) * q.owner.x + at.x) * q.owner.y + at.y) * q.owner.z + at.z;
}
