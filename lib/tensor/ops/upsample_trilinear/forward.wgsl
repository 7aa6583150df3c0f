// Trilinear upsampling with aligned corners: x `[B, d, h, w, C]` → y `[B, f·d, f·h, f·w, C]`, a value or vector each.
//
// Of n coarse and m fine points, fine point i lies at i·(n − 1)/(m − 1): whole steps of 1/(m − 1).

struct Parameters { count: u32, depth: u32, height: u32, width: u32, channels: u32, factor: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Values>;
@group(0) @binding(2) var<storage, read_write> y: array<Values>;

// The two coarse neighbours of a fine point along an axis, and the weight of the second.
struct Between { first: u32, next: u32, weight: f32 }

fn betweenOf(i: u32, coarse: u32) -> Between {
  let span = max(1u, coarse * parameters.factor - 1u);
  let place = i * (coarse - 1u);
  let first = place / span;
  return Between(first, min(first + 1u, coarse - 1u), f32(place - first * span) / f32(span));
}

fn alongWidth(row: u32, w: Between, c: u32) -> Values {
  let q = parameters;
  let start = row * q.width;
  return mix(x[(start + w.first) * q.channels + c], x[(start + w.next) * q.channels + c], Values(w.weight));
}

fn alongHeight(slice: u32, h: Between, w: Between, c: u32) -> Values {
  let start = slice * parameters.height;
  return mix(alongWidth(start + h.first, w, c), alongWidth(start + h.next, w, c), Values(h.weight));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= q.count) { return; }
  let c = i % q.channels;
  var rest = i / q.channels;
  let w = betweenOf(rest % (q.width * q.factor), q.width);
  rest /= q.width * q.factor;
  let h = betweenOf(rest % (q.height * q.factor), q.height);
  rest /= q.height * q.factor;
  let d = betweenOf(rest % (q.depth * q.factor), q.depth);
  let volume = rest / (q.depth * q.factor) * q.depth;
  y[i] = mix(alongHeight(volume + d.first, h, w, c), alongHeight(volume + d.next, h, w, c), Values(d.weight));
}
