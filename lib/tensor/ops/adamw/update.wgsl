// One AdamW update of every value.

struct Parameters {
  count: u32,
  beta1: f32, beta2: f32, rest1: f32, rest2: f32,
  epsilon: f32, keep: f32, stepSize: f32, rootCorrection: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> parameter: array<Values>;
@group(0) @binding(2) var<storage, read> gradient: array<Values>;
@group(0) @binding(3) var<storage, read> firstMoment: array<Values>;
@group(0) @binding(4) var<storage, read> secondMoment: array<Values>;
@group(0) @binding(5) var<storage, read_write> value: array<Values>;
@group(0) @binding(6) var<storage, read_write> first: array<Values>;
@group(0) @binding(7) var<storage, read_write> second: array<Values>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  let q = parameters;
  let g = gradient[i];
  let m = q.beta1 * firstMoment[i] + q.rest1 * g;
  let v = q.beta2 * secondMoment[i] + q.rest2 * g * g;
  first[i] = m;
  second[i] = v;
  value[i] = q.keep * parameter[i] - q.stepSize * m / (sqrt(v) / q.rootCorrection + q.epsilon);
}
