// dx = a·dy + b·(x − mean) + c; where the output was bent, dy counts SLOPE times where it is not positive.

@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> factors: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;

override BENT: bool = false;
override SLOPE: f32 = 0.0;

fn gradientAt(at: u32) -> f32 {
  let gradient = dy[at];
  if (!BENT) { return gradient; }
  return select(SLOPE * gradient, gradient, y[at] > 0.0);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let walk = walkOf(group, groups, thread);
  if (walk.count == 0u) { return; }
  let place = walk.sample * q.channels + walk.channel;
  let length = q.samples * q.channels;
  let centre = mean[groupOf(walk.sample, walk.channel)];
  let a = factors[place];
  let b = factors[length + place];
  let c = factors[2u * length + place];
  let step = walk.step;
  var at = walk.start;
  var i = 0u;
  for (; i + 4u <= walk.count; i += 4u) {
    let values = vec4f(x[at], x[at + step], x[at + 2u * step], x[at + 3u * step]);
    let gradients = vec4f(
      gradientAt(at),
      gradientAt(at + step),
      gradientAt(at + 2u * step),
      gradientAt(at + 3u * step),
    );
    let results = fma(gradients, vec4f(a), fma(values - centre, vec4f(b), vec4f(c)));
    dx[at] = results.x;
    dx[at + step] = results.y;
    dx[at + 2u * step] = results.z;
    dx[at + 3u * step] = results.w;
    at += 4u * step;
  }
  for (; i < walk.count; i++) {
    dx[at] = fma(gradientAt(at), a, fma(x[at] - centre, b, c));
    at += step;
  }
}
