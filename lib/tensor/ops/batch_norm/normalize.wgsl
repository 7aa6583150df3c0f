// y = (x − mean)/√(variance + ε)·scale + shift, negative values times SLOPE; with given statistics folded into scale and
// shift, y = x·scale + shift.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> inverse: array<f32>;
@group(0) @binding(4) var<storage, read> scale: array<f32>;
@group(0) @binding(5) var<storage, read> shift: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

override HAS_STATISTICS: bool = true;
override HAS_SHIFT: bool = true;
override HAS_SCALE: bool = true;
// 1 leaves negative values as they are, 0 is ReLU.
override SLOPE: f32 = 1.0;

fn activated(value: f32) -> f32 {
  // A NaN stays one.
  return select(value, SLOPE * value, value < 0.0);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let walk = walkOf(group, groups, thread);
  if (walk.count == 0u) { return; }
  var centre = 0.0;
  var factor = 1.0;
  if (HAS_SCALE) { factor = scale[walk.channel]; }
  if (HAS_STATISTICS) {
    let place = groupOf(walk.sample, walk.channel);
    centre = mean[place];
    factor *= inverse[place];
  }
  var offset = 0.0;
  if (HAS_SHIFT) { offset = shift[walk.channel]; }
  let step = walk.step;
  var at = walk.start;
  var i = 0u;
  for (; i + 4u <= walk.count; i += 4u) {
    let values = vec4f(x[at], x[at + step], x[at + 2u * step], x[at + 3u * step]);
    let results = fma(values - centre, vec4f(factor), vec4f(offset));
    y[at] = activated(results.x);
    y[at + step] = activated(results.y);
    y[at + 2u * step] = activated(results.z);
    y[at + 3u * step] = activated(results.w);
    at += 4u * step;
  }
  for (; i < walk.count; i++) {
    let result = fma(x[at] - centre, factor, offset);
    y[at] = activated(result);
    at += step;
  }
}
