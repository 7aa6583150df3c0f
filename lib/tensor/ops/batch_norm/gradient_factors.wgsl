// Gradients of scale and bias, and for every channel of every sample the factors of
// dx = a·dy + b·(x − mean) + c, where b and c carry the gradient through variance and mean of the channel's group.

@group(0) @binding(1) var<storage, read> sums: array<f32>; // Σ dy, [samples, channels]
@group(0) @binding(2) var<storage, read> products: array<f32>; // Σ dy·(x − mean), [samples, channels]
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> spread: array<f32>; // of groups, [samples, groups]
@group(0) @binding(5) var<storage, read_write> factors: array<f32>; // a, b and c, [3, samples, channels]
@group(0) @binding(6) var<storage, read_write> dScale: array<f32>;
@group(0) @binding(7) var<storage, read_write> dBias: array<f32>;

// Whether spread is the variance, or 1/√(variance + ε) already.
override IS_VARIANCE: bool = false;
override HAS_SCALE: bool = true;

fn inverseOf(sample: u32, channel: u32) -> f32 {
  let value = spread[groupOf(sample, channel)];
  if (IS_VARIANCE) { return 1.0 / sqrt(value + parameters.epsilon); }
  return value;
}

fn scaleOf(channel: u32) -> f32 {
  if (HAS_SCALE) { return scale[channel]; }
  return 1.0;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let q = parameters;
  let place = id.x;
  let length = q.samples * q.channels;
  if (place >= length) { return; }
  let channel = place % q.channels;
  let width = q.channels / q.groups;
  let first = place - channel % width;
  let count = f32(q.rows) * f32(width);
  var sum = 0.0;
  var product = 0.0;
  for (var i = first; i < first + width; i++) {
    let factor = scaleOf(i % q.channels);
    sum = fma(factor, sums[i], sum);
    product = fma(factor, products[i], product);
  }
  let inverse = inverseOf(place / q.channels, channel);
  factors[place] = scaleOf(channel) * inverse;
  factors[length + place] = -inverse * inverse * inverse * product / count;
  factors[2u * length + place] = -inverse * sum / count;
  if (place >= q.channels) { return; }
  var slope = 0.0;
  var offset = 0.0;
  for (var sample = 0u; sample < q.samples; sample++) {
    let at = sample * q.channels + channel;
    slope = fma(products[at], inverseOf(sample, channel), slope);
    offset += sums[at];
  }
  dScale[channel] = slope;
  dBias[channel] = offset;
}
