// Where the tokens of a head lie: qkv `[B, N, 3, heads, WIDTH]`, output and its gradient `[B, N, heads, WIDTH]`.
//
// Put before it: WIDTH, the channels of a head, and vectors.wgsl or values.wgsl.

struct Parameters { tokens: u32, heads: u32, scale: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> qkv: array<Stored>;
// The output's gradient; not read in the forward pass.
@group(0) @binding(2) var<storage, read> dy: array<Stored>;

const QUERY = 0u;
const KEY = 1u;
const VALUE = 2u;
const GRADIENT = 3u;

// Head and sample.
var<private> place: vec2u;

// First value of a token's head, where a token has so many parts.
fn rowOf(part: u32, parts: u32, token: u32) -> u32 {
  let q = parameters;
  return (((place.y * q.tokens + token) * parts + part) * q.heads + place.x) * WIDTH;
}

// Place of a query's statistic: `[B, heads, N]`.
fn statisticOf(token: u32) -> u32 {
  return (place.y * parameters.heads + place.x) * parameters.tokens + token;
}

// Four channels of a token from d on; 0 beyond the tokens and the head.
fn channels(part: u32, token: u32, d: u32) -> vec4f {
  if (token >= parameters.tokens || d >= WIDTH) { return vec4f(0.0); }
  if (part == GRADIENT) { return ofGradient(rowOf(0u, 1u, token) + d, d); }
  return ofQkv(rowOf(part, 3u, token) + d, d);
}
