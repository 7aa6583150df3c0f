// One of the parameters that update.wgsl updates.

@group(0) @binding(BINDING0) var<storage, read> gradientINDEX: array<Values>;
@group(0) @binding(BINDING1) var<storage, read_write> valueINDEX: array<Values>;
@group(0) @binding(BINDING2) var<storage, read_write> firstINDEX: array<Values>;
@group(0) @binding(BINDING3) var<storage, read_write> secondINDEX: array<Values>;

fn runINDEX(start: u32, end: u32, thread: u32) {
  let rates = parameters.rates[INDEX];
  for (var i = start + thread; i < end; i += THREADS) {
    let updated = update(rates, valueINDEX[i], gradientINDEX[i], firstINDEX[i], secondINDEX[i]);
    valueINDEX[i] = updated.value;
    firstINDEX[i] = updated.first;
    secondINDEX[i] = updated.second;
  }
}
