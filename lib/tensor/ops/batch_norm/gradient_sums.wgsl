// Σ dy and Σ dy·(x − mean) of every slice of every channel; where the output was bent, dy counts SLOPE times where
// it is not positive.

@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> sums: array<f32>;
@group(0) @binding(6) var<storage, read_write> products: array<f32>;

override HAS_MEAN: bool = true;
override BENT: bool = false;
override SLOPE: f32 = 0.0;

fn fourGradients(at: u32, step: u32) -> vec4f {
  let values = vec4f(dy[at], dy[at + step], dy[at + 2u * step], dy[at + 3u * step]);
  if (!BENT) { return values; }
  let outputs = vec4f(y[at], y[at + step], y[at + 2u * step], y[at + 3u * step]);
  return select(SLOPE * values, values, outputs > vec4f(0.0));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let walk = walkOf(group, groups, thread);
  if (walk.slice >= parameters.slices) { return; }
  var centre = 0.0;
  if (HAS_MEAN) { centre = mean[groupOf(walk.sample, walk.channel)]; }
  let step = walk.step;
  var sum = vec4f(0.0);
  var product = vec4f(0.0);
  var at = walk.start;
  var i = 0u;
  for (; i + 4u <= walk.count; i += 4u) {
    let values = vec4f(x[at], x[at + step], x[at + 2u * step], x[at + 3u * step]);
    let gradients = fourGradients(at, step);
    sum += gradients;
    product = fma(gradients, values - centre, product);
    at += 4u * step;
  }
  for (; i < walk.count; i++) {
    var gradient = dy[at];
    if (BENT) { gradient = select(SLOPE * gradient, gradient, y[at] > 0.0); }
    sum.x += gradient;
    product.x = fma(gradient, x[at] - centre, product.x);
    at += step;
  }
  sums[partialOf(walk)] = (sum.x + sum.y) + (sum.z + sum.w);
  products[partialOf(walk)] = (product.x + product.y) + (product.z + product.w);
}
