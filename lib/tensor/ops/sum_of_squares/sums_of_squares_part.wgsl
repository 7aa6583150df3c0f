// One of the arrays of sums_of_squares.wgsl.

@group(0) @binding(BINDING0) var<storage, read> xINDEX: array<Values>;

fn runINDEX(start: u32, end: u32, thread: u32) {
  var sum = Values();
  for (var i = start + thread; i < end; i += THREADS) {
    let value = xINDEX[i];
    sum += value * value;
  }
  partial[thread] = total(sum);
}
