// Extremes of volumes with how often they occur: (low, its count, high, its count).
//
// Put before it: `fn load(i: u32) -> vec4f`, the extremes of what binding 1 holds at i. Workgroup (piece, entry) looks at
// a piece of volume `list[entry]`; with one piece, this is the result.

struct Parameters { length: u32, pieceLength: u32, list: array<vec4u, 15> }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read_write> extremes: array<vec4f>;

const THREADS = 256u;
const LARGEST = 3.4028234e38;
var<workgroup> partial: array<vec4f, 256>;

fn merged(a: vec4f, b: vec4f) -> vec4f {
  let low = min(a.x, b.x);
  let high = max(a.z, b.z);
  let lows = select(0.0, a.y, a.x == low) + select(0.0, b.y, b.x == low);
  let highs = select(0.0, a.w, a.z == high) + select(0.0, b.w, b.z == high);
  return vec4f(low, lows, high, highs);
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let volume = parameters.list[group.y / 4u][group.y % 4u];
  let start = volume * q.length;
  let first = group.x * q.pieceLength;
  let last = min(q.length, first + q.pieceLength);
  var found = vec4f(LARGEST, 0.0, -LARGEST, 0.0);
  for (var i = first + thread; i < last; i += THREADS) { found = merged(found, load(start + i)); }
  partial[thread] = found;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] = merged(partial[thread], partial[thread + half]); }
  }
  if (thread == 0u) { extremes[volume * groups.x + group.x] = partial[0]; }
}
