// Gradient of whole templates: every voxel gets dy/(high − low + ε) of the windows it lies in, and, where it holds an
// extreme, its share of what flows into that. A workgroup writes one row along w; windows of one template may overlap.

struct Parameters {
  windowDepth: u32, windowHeight: u32, windowWidth: u32,
  depth: u32, height: u32, width: u32,
  firstWindow: u32, count: u32, rows: u32, isFirst: u32, epsilon: f32,
  windows: array<vec4i, 12>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> templates: array<f32>;
@group(0) @binding(2) var<storage, read> extremes: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> flows: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = &parameters;
  let row = group.x + group.y * groups.x;
  if (row >= (*q).rows) { return; }
  let h = i32(row % (*q).height);
  let d = i32(row / (*q).height % (*q).depth);
  let index = i32(row / (*q).height / (*q).depth);
  var isUsed = false;
  var flow = vec2f(0.0);
  for (var i = 0u; i < (*q).count; i++) {
    if ((*q).windows[i].w == index) {
      isUsed = true;
      flow += flows[i];
    }
  }
  let range = extremes[index];
  let scale = 1.0 / (range.z - range.x + (*q).epsilon);
  let size = vec3i(vec3u((*q).windowDepth, (*q).windowHeight, (*q).windowWidth));
  for (var w = thread; w < (*q).width; w += 64u) {
    let at = row * (*q).width + w;
    var sum = 0.0;
    for (var i = 0u; i < (*q).count; i++) {
      let window = (*q).windows[i];
      let place = vec3i(d, h, i32(w)) - window.xyz;
      if (window.w == index && all(place >= vec3i(0)) && all(place < size)) {
        let number = i32((*q).firstWindow + i);
        sum += dy[((number * size.x + place.x) * size.y + place.y) * size.z + place.z];
      }
    }
    var gradient = 0.0;
    if (isUsed) {
      gradient = sum * scale;
      let value = templates[at];
      if (value == range.x) { gradient += flow.x / range.y; }
      if (value == range.z) { gradient += flow.y / range.w; }
    }
    if ((*q).isFirst == 0u) { gradient += dx[at]; }
    dx[at] = gradient;
  }
}
