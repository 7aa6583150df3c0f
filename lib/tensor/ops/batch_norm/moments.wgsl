// Mean and Σ (x − mean)² of every slice of every channel, in one pass: 8 values are read, their moments taken, and joined
// with those so far (Chan et al. 1983). Means are distances from the sample's first value of the channel, so that no
// digits are lost where the mean is far from 0.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> means: array<f32>;
@group(0) @binding(3) var<storage, read_write> squares: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let walk = walkOf(group, groups, thread);
  if (walk.slice >= parameters.slices) { return; }
  let origin = x[walk.sample * parameters.rows * parameters.channels + walk.channel];
  var mean = 0.0;
  var square = 0.0;
  var i = 0u;
  var at = walk.start;
  for (; i + 8u <= walk.count; i += 8u) {
    let step = walk.step;
    let a = vec4f(x[at], x[at + step], x[at + 2u * step], x[at + 3u * step]) - origin;
    at += 4u * step;
    let b = vec4f(x[at], x[at + step], x[at + 2u * step], x[at + 3u * step]) - origin;
    at += 4u * step;
    let sum = a + b;
    let own = (sum.x + sum.y + sum.z + sum.w) * 0.125;
    let left = a - own;
    let right = b - own;
    let distance = own - mean;
    let share = 8.0 / f32(i + 8u);
    mean = fma(distance, share, mean);
    square += dot(left, left) + dot(right, right) + distance * distance * f32(i) * share;
  }
  for (; i < walk.count; i++) {
    let distance = x[at] - origin - mean;
    at += walk.step;
    let share = 1.0 / f32(i + 1u);
    mean = fma(distance, share, mean);
    square += distance * distance * f32(i) * share;
  }
  means[partialOf(walk)] = mean;
  squares[partialOf(walk)] = square;
}
