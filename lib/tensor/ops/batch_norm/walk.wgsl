// How invocations share a tensor of rows of channels: each keeps to one channel of a sample, and takes the rows of one
// slice of it. Neighbouring invocations have neighbouring channels, so that they read neighbouring values.

struct Parameters {
  samples: u32, rows: u32, channels: u32, groups: u32,
  // Row i of slice s is row s·sliceStep + i·rowStep of the sample; a slice has sliceRows at most.
  slices: u32, sliceStep: u32, rowStep: u32, sliceRows: u32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

override WORKGROUP: u32 = 256u;

struct Walk {
  sample: u32, channel: u32, slice: u32,
  // Index of the first value, number of values, and the distance between them.
  start: u32, count: u32, step: u32,
}

fn rowsOf(slice: u32) -> u32 {
  let q = parameters;
  let first = slice * q.sliceStep;
  if (slice >= q.slices || first >= q.rows) { return 0u; }
  return min(q.sliceRows, (q.rows - first + q.rowStep - 1u) / q.rowStep);
}

fn walkOf(group: vec3u, groups: vec3u, thread: u32) -> Walk {
  let q = parameters;
  let place = (group.x + group.y * groups.x) * WORKGROUP + thread;
  let slice = place / q.channels;
  let channel = place % q.channels;
  let start = (group.z * q.rows + slice * q.sliceStep) * q.channels + channel;
  return Walk(group.z, channel, slice, start, rowsOf(slice), q.rowStep * q.channels);
}

// Place of a walk's sums: [slices][samples][channels].
fn partialOf(walk: Walk) -> u32 {
  return (walk.slice * parameters.samples + walk.sample) * parameters.channels + walk.channel;
}

// Place of a channel's group: [samples][groups].
fn groupOf(sample: u32, channel: u32) -> u32 {
  return sample * parameters.groups + channel / (parameters.channels / parameters.groups);
}
