// One of the arrays of scale_all.wgsl.

@group(0) @binding(BINDING0) var<storage, read> xINDEX: array<Values>;
@group(0) @binding(BINDING1) var<storage, read_write> yINDEX: array<Values>;

fn runINDEX(start: u32, end: u32, thread: u32) {
  for (var i = start + thread; i < end; i += THREADS) { yINDEX[i] = parameters.factor * xINDEX[i]; }
}
