// Gradient that every window sends to its template's extremes, as sums over pieces: with g = dy/(high − low + ε) and the
// normalised voxel y, the minimum gets Σ g·(y − 1) and the maximum −Σ g·y. A window's pieces of the first sum come before
// those of the second: `[windows, 2, pieces]`.

struct Parameters {
  windowDepth: u32, windowHeight: u32, windowWidth: u32,
  depth: u32, height: u32, width: u32,
  firstWindow: u32, pieceLength: u32, epsilon: f32,
  windows: array<vec4i, 12>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> templates: array<f32>;
@group(0) @binding(2) var<storage, read> extremes: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> flows: array<f32>;

const THREADS = 256u;
var<workgroup> partial: array<vec2f, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = &parameters;
  let window = (*q).windows[group.y];
  let size = vec3i(vec3u((*q).depth, (*q).height, (*q).width));
  let length = (*q).windowDepth * (*q).windowHeight * (*q).windowWidth;
  let start = ((*q).firstWindow + group.y) * length;
  let range = extremes[window.w];
  let scale = 1.0 / (range.z - range.x + (*q).epsilon);
  let last = min(length, (group.x + 1u) * (*q).pieceLength);
  var sum = vec2f(0.0);
  for (var i = group.x * (*q).pieceLength + thread; i < last; i += THREADS) {
    let row = i / (*q).windowWidth;
    let place = window.xyz +
      vec3i(vec3u(row / (*q).windowHeight, row % (*q).windowHeight, i % (*q).windowWidth));
    if (all(place >= vec3i(0)) && all(place < size)) {
      let at = ((window.w * size.x + place.x) * size.y + place.y) * size.z + place.z;
      let y = (templates[at] - range.x) * scale;
      let g = dy[start + i] * scale;
      sum += vec2f(g * (y - 1.0), -g * y);
    }
  }
  partial[thread] = sum;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] += partial[thread + half]; }
  }
  if (thread == 0u) {
    flows[2u * group.y * groups.x + group.x] = partial[0].x;
    flows[(2u * group.y + 1u) * groups.x + group.x] = partial[0].y;
  }
}
