// Mean, variance and 1/√(variance + ε) of every group of channels of every sample, out of the moments of their slices.
// One workgroup a group; its invocations share the slices, and add up what they have in a fixed order.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> means: array<f32>;
@group(0) @binding(3) var<storage, read> squares: array<f32>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> variance: array<f32>;
@group(0) @binding(6) var<storage, read_write> inverse: array<f32>;

var<workgroup> sums: array<f32, 64>;
var<workgroup> squareSums: array<f32, 64>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let place = min(group.x + group.y * groups.x, q.samples * q.groups - 1u);
  let width = q.channels / q.groups;
  let sample = place / q.groups;
  let channel0 = (place % q.groups) * width;
  let start = sample * q.rows * q.channels;
  // Means of slices are distances from their channel's first value; here all are from that of the first channel.
  let origin = x[start + channel0];
  let count = f32(q.rows) * f32(width);
  var sum = 0.0;
  for (var i = thread; i < q.slices * width; i += WORKGROUP) {
    let channel = channel0 + i % width;
    let at = (i / width * q.samples + sample) * q.channels + channel;
    sum += f32(rowsOf(i / width)) * (means[at] + (x[start + channel] - origin));
  }
  sums[thread] = sum;
  if (WORKGROUP > 1u) { workgroupBarrier(); }
  sum = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) { sum += sums[i]; }
  let distance = sum / count;
  var square = 0.0;
  for (var i = thread; i < q.slices * width; i += WORKGROUP) {
    let channel = channel0 + i % width;
    let at = (i / width * q.samples + sample) * q.channels + channel;
    let own = means[at] + (x[start + channel] - origin) - distance;
    square += squares[at] + f32(rowsOf(i / width)) * own * own;
  }
  squareSums[thread] = square;
  if (WORKGROUP > 1u) { workgroupBarrier(); }
  if (thread != 0u) { return; }
  square = 0.0;
  for (var i = 0u; i < WORKGROUP; i++) { square += squareSums[i]; }
  mean[place] = origin + distance;
  variance[place] = square / count;
  inverse[place] = 1.0 / sqrt(square / count + q.epsilon);
}
