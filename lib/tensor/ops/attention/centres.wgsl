// Σ dy·y over the channels of every query and head, `[B, N, heads, WIDTH]` → `[B, heads, N]`: what the softmax's gradient
// subtracts.

struct Parameters { tokens: u32, heads: u32, count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> centres: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let i = (group.x + group.y * groups.x) * 64u + thread;
  if (i >= q.count) { return; }
  let sample = i / (q.tokens * q.heads);
  let token = i / q.heads % q.tokens;
  let head = i % q.heads;
  var sum = 0.0;
  for (var at = i * WIDTH; at < (i + 1u) * WIDTH; at++) { sum += y[at] * dy[at]; }
  centres[(sample * q.heads + head) * q.tokens + token] = sum;
}
