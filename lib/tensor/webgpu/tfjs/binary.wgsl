// y = a ∘ b, element by element; A or B may be a single value. Put before it: A and B, each `Values` or `f32`.

struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> a: array<A>;
@group(0) @binding(2) var<storage, read> b: array<B>;
@group(0) @binding(3) var<storage, read_write> y: array<Values>;

// 0: +, 1: −, 2: ·, 3: /.
override OPERATION: u32 = 0;
// Whether an operand is one value for all.
override A_IS_ONE: bool = false;
override B_IS_ONE: bool = false;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let i = (group.x + group.y * groups.x) * 256u + thread;
  if (i >= parameters.count) { return; }
  let left = Values(a[select(i, 0u, A_IS_ONE)]);
  let right = Values(b[select(i, 0u, B_IS_ONE)]);
  switch OPERATION {
    case 0: { y[i] = left + right; }
    case 1: { y[i] = left - right; }
    case 2: { y[i] = left * right; }
    default: { y[i] = left / right; }
  }
}
