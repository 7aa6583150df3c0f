// y = (x − mean)/√(variance + ε)·scale + bias for every row.

@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let place = placeOf(group, groups, thread);
  let statistics = statisticsOf(place);
  if (!place.inside) { return; }
  for (var c = place.lane; c < parameters.channels; c += LANES) {
    y[place.start + c] = fma((x[place.start + c] - statistics.x) * statistics.y, scale[c], bias[c]);
  }
}
