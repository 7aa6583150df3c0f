// Mean, variance and 1/√(variance + ε) of every group, out of those of parts of its rows (Chan et al. 1983). All parts but
// the last have the same number of rows.

struct Parameters { parts: u32, groups: u32, partRows: u32, rows: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> means: array<f32>; // [parts, groups]
@group(0) @binding(2) var<storage, read> variances: array<f32>; // [parts, groups]
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> variance: array<f32>;
@group(0) @binding(5) var<storage, read_write> inverse: array<f32>;

// Share of all rows.
fn shareOf(part: u32) -> f32 {
  let q = parameters;
  return f32(min(q.partRows, q.rows - part * q.partRows)) / f32(q.rows);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let place = (group.x + group.y * groups.x) * 64u + thread;
  if (place >= q.groups) { return; }
  // Means are added as distances from the first one, so that no digits are lost where they are far from 0.
  let origin = means[place];
  var distance = 0.0;
  for (var part = 1u; part < q.parts; part++) {
    distance = fma(shareOf(part), means[part * q.groups + place] - origin, distance);
  }
  var square = 0.0;
  for (var part = 0u; part < q.parts; part++) {
    let own = means[part * q.groups + place] - origin - distance;
    square = fma(shareOf(part), variances[part * q.groups + place] + own * own, square);
  }
  mean[place] = origin + distance;
  variance[place] = square;
  inverse[place] = 1.0 / sqrt(square + q.epsilon);
}
