// Exact GELU and its slope for `Values`, to put before other shaders.
//
// WGSL has no erf. With a = |x| and t = 1/(1 + 0.3·a) the normal tail is Φ(−a) = e^(−a²/2)·t·P(t), the approximation of
// vector.as.ts: its relative error is below 1e-7 up to a = 12.5, and that of erf = 1 − 2·Φ(−√2·a) below 1e-7 absolute.

// Φ(−a)/e^(−a²/2) for a from 0 to 12.5.
fn tailRatio(a: Values) -> Values {
  let t = 1.0 / (0.3 * a + 1.0);
  var p = 0.0364646081 * t - 0.16051202;
  p = p * t + 0.212092608;
  p = p * t - 0.0590081855;
  p = p * t + 0.131405995;
  p = p * t + 0.0990413535;
  p = p * t + 0.120895696;
  p = p * t + 0.119619897;
  return p * t;
}

// x·Φ(x) = relu(x) − a·Φ(−a).
fn gelu(x: Values) -> Values {
  let a = min(abs(x), Values(12.5));
  return max(x, Values(0.0)) - a * exp(-0.5 * a * a) * tailRatio(a);
}

// Φ(x) + x·φ(x), the derivative of gelu.
fn geluSlope(x: Values) -> Values {
  let a = min(abs(x), Values(12.5));
  // At −a; at a it is one minus that.
  let below = exp(-0.5 * a * a) * (tailRatio(a) - 0.39894228 * a);
  return select(1.0 - below, below, x < Values(0.0));
}
