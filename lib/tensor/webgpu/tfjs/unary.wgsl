// y = f(x), element by element, in 32-bit floats.

struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<Values>;
@group(0) @binding(2) var<storage, read_write> y: array<Values>;

// 0: −x, 1: x², 2: √x, 3: eˣ, 4: ReLU, 5: 1/(1 + e⁻ˣ), 6: log(1 + eˣ).
override OPERATION: u32 = 0;

// log(1 + e) for e in (0, 1]; a series where 1 + e would lose the digits of e.
fn logOfMore(e: Values) -> Values {
  return select(log(Values(1.0) + e), e * (Values(1.0) - e * (Values(0.5) - e / 3.0)), e < Values(0.01));
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  let value = x[i];
  // Neither overflows.
  let small = exp(-abs(value));
  switch OPERATION {
    case 0: { y[i] = -value; }
    case 1: { y[i] = value * value; }
    case 2: { y[i] = sqrt(value); }
    case 3: { y[i] = exp(value); }
    case 4: { y[i] = max(value, Values()); }
    case 5: { y[i] = select(Values(1.0), small, value < Values()) / (Values(1.0) + small); }
    default: { y[i] = max(value, Values()) + logOfMore(small); }
  }
}
