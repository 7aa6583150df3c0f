// Sums over slices of the rows: x `[rows, columns]` → `[slices, columns]`, an invocation for each sum.

struct Parameters { rows: u32, columns: u32, sliceRows: u32, count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let q = parameters;
  let i = (group.x + group.y * groups.x) * 64u + thread;
  if (i >= q.count) { return; }
  let first = i / q.columns * q.sliceRows;
  let last = min(q.rows, first + q.sliceRows);
  var sum = 0.0;
  for (var at = first * q.columns + i % q.columns; at < last * q.columns; at += q.columns) { sum += x[at]; }
  sums[i] = sum;
}
