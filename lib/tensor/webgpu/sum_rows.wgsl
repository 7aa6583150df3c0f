// Sums of a term over pieces of rows: x (and y) `[rows, length]` → `[rows, pieces]`, each times a factor.
//
// Every workgroup sums one piece, in an order that depends on sizes alone.

struct Parameters { length: u32, pieceLength: u32, rows: u32, factor: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

// 0: x, 1: x², 2: (x − y)².
override TERM: u32 = 0;

const THREADS = 256u;
var<workgroup> partial: array<f32, 256>;

fn term(i: u32) -> f32 {
  if (TERM == 0) { return x[i]; }
  if (TERM == 1) { return x[i] * x[i]; }
  let difference = x[i] - y[i];
  return difference * difference;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let first = group.x * q.pieceLength;
  let last = min(q.length, first + q.pieceLength);
  for (var row = group.y; row < q.rows; row += groups.y) {
    let start = row * q.length;
    var sum = 0.0;
    for (var i = first + thread; i < last; i += THREADS) { sum += term(start + i); }
    partial[thread] = sum;
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (thread < half) { partial[thread] += partial[thread + half]; }
    }
    if (thread == 0u) { sums[row * groups.x + group.x] = q.factor * partial[0]; }
    workgroupBarrier();
  }
}
