// Windows cut out of templates that are normalised by their extremes: (template − low)/(high − low + ε), 0 outside.
//
// An invocation writes a voxel of `[count, d, h, w]`; the windows are those from `firstWindow` on.

struct Parameters {
  windowDepth: u32, windowHeight: u32, windowWidth: u32,
  depth: u32, height: u32, width: u32,
  firstWindow: u32, count: u32, epsilon: f32,
  // Start along (d, h, w), and the template.
  windows: array<vec4i, 12>,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> templates: array<f32>;
@group(0) @binding(2) var<storage, read> extremes: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  let q = &parameters;
  if (i >= (*q).count) { return; }
  let row = i / (*q).windowWidth;
  let slice = row / (*q).windowHeight;
  let index = slice / (*q).windowDepth;
  let window = (*q).windows[index];
  let d = i32(slice % (*q).windowDepth) + window.x;
  let h = i32(row % (*q).windowHeight) + window.y;
  let w = i32(i % (*q).windowWidth) + window.z;
  var value = 0.0;
  let size = vec3i(vec3u((*q).depth, (*q).height, (*q).width));
  if (all(vec3i(d, h, w) >= vec3i(0)) && all(vec3i(d, h, w) < size)) {
    let range = extremes[window.w];
    let at = ((window.w * size.x + d) * size.y + h) * size.z + w;
    value = (templates[at] - range.x) / (range.z - range.x + (*q).epsilon);
  }
  out[(*q).firstWindow * (*q).windowDepth * (*q).windowHeight * (*q).windowWidth + i] = value;
}
