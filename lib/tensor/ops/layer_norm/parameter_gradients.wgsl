// Σ dy and Σ dy·x̂ of every slice of rows, for every channel.

@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> rowStatistics: array<vec2f>; // mean and 1/√(variance + ε)
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> products: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let walk = walkOf(group, groups, thread);
  if (walk.slice >= parameters.slices) { return; }
  var sum = 0.0;
  var product = 0.0;
  var at = walk.start;
  var row = walk.slice * parameters.sliceStep;
  for (var i = 0u; i < walk.count; i++) {
    let statistics = rowStatistics[row];
    let gradient = dy[at];
    sum += gradient;
    product = fma(gradient, (x[at] - statistics.x) * statistics.y, product);
    at += walk.step;
    row += parameters.rowStep;
  }
  sums[partialOf(walk)] = sum;
  products[partialOf(walk)] = product;
}
