// The gradient of linear interpolation along one axis: dy `[outer, fine, inner]` → dx `[outer, coarse, inner]`, where every
// coarse point sums what it gave to the fine ones around it.

struct Parameters { count: u32, fine: u32, coarse: u32, inner: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> dy: array<Values>;
@group(0) @binding(2) var<storage, read_write> dx: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let at = (group.x + group.y * groups.x) * 256u + thread;
  if (at >= q.count) { return; }
  let inner = at % q.inner;
  let j = at / q.inner % q.coarse;
  let start = at / q.inner / q.coarse * q.fine;
  // Fine point i lies |i·step − j·span|/span from here.
  let span = max(1u, q.fine - 1u);
  let step = q.coarse - 1u;
  var first = 0u;
  var last = q.fine;
  if (step > 0u) {
    first = select(0u, (j - 1u) * span / step, j > 0u);
    last = min(q.fine, ((j + 1u) * span + step - 1u) / step);
  }
  var sum = Values();
  for (var i = first; i < last; i++) {
    let distance = abs(i32(i * step) - i32(j * span));
    let weight = max(0.0, 1.0 - f32(distance) / f32(span));
    sum += weight * dy[(start + i) * q.inner + inner];
  }
  dx[at] = sum;
}
