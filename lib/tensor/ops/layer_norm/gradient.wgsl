// dx = (g − mean(g) − x̂·mean(g·x̂))/√(variance + ε) for every row, with g = dy·scale and x̂ the normalised x; and the
// statistics of the rows, for the gradients of scale and bias.

@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;
@group(0) @binding(5) var<storage, read_write> rowStatistics: array<vec2f>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = placeOf(group, groups, thread);
  let statistics = statisticsOf(place);
  let channels = parameters.channels;
  var sum = 0.0;
  var product = 0.0;
  for (var c = place.lane; c < channels; c += LANES) {
    let g = dy[place.start + c] * scale[c];
    sum += g;
    product = fma(g, (x[place.start + c] - statistics.x) * statistics.y, product);
  }
  if (LANES > 1u) {
    // All have read the moments by then.
    workgroupBarrier();
    laneSums[thread] = sum;
    laneSquares[thread] = product;
    workgroupBarrier();
    let first = thread - place.lane;
    sum = 0.0;
    product = 0.0;
    for (var lane = 0u; lane < LANES; lane++) {
      sum += laneSums[first + lane];
      product += laneSquares[first + lane];
    }
  }
  if (!place.inside) { return; }
  let meanG = sum / f32(channels);
  let meanGx = product / f32(channels);
  for (var c = place.lane; c < channels; c += LANES) {
    let normalised = (x[place.start + c] - statistics.x) * statistics.y;
    dx[place.start + c] = (dy[place.start + c] * scale[c] - meanG - normalised * meanGx) * statistics.y;
  }
  if (place.lane == 0u) { rowStatistics[place.row] = statistics; }
}
