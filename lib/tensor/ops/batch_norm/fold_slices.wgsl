// Two sums over slices at once, [slices, …] → […]; one workgroup a value, whose invocations share the slices and add up
// what they have in a fixed order.

struct Parameters { length: u32, slices: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> sumA: array<f32>;
@group(0) @binding(4) var<storage, read_write> sumB: array<f32>;

override WORKGROUP: u32 = 64u;

var<workgroup> sums: array<vec2f, 64>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = min(group.x + group.y * groups.x, parameters.length - 1u);
  var sum = vec2f(0.0);
  for (var slice = thread; slice < parameters.slices; slice += WORKGROUP) {
    let at = slice * parameters.length + place;
    sum += vec2f(a[at], b[at]);
  }
  sums[thread] = sum;
  if (WORKGROUP > 1u) { workgroupBarrier(); }
  if (thread != 0u) { return; }
  sum = vec2f(0.0);
  for (var i = 0u; i < WORKGROUP; i++) { sum += sums[i]; }
  sumA[place] = sum.x;
  sumB[place] = sum.y;
}
