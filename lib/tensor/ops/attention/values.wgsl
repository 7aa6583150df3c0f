// Memory as single values, for heads of any number of channels. Everywhere, d is the channel of the head at `at`.

alias Stored = f32;

fn ofQkv(at: u32, d: u32) -> vec4f {
  let next = at + min(vec4u(0u, 1u, 2u, 3u), vec4u(WIDTH - 1u - d));
  return inHead(d, vec4f(qkv[next.x], qkv[next.y], qkv[next.z], qkv[next.w]));
}

fn ofGradient(at: u32, d: u32) -> vec4f {
  let next = at + min(vec4u(0u, 1u, 2u, 3u), vec4u(WIDTH - 1u - d));
  return inHead(d, vec4f(dy[next.x], dy[next.y], dy[next.z], dy[next.w]));
}

fn inHead(d: u32, values: vec4f) -> vec4f {
  return select(vec4f(0.0), values, vec4u(d) + vec4u(0u, 1u, 2u, 3u) < vec4u(WIDTH));
}

fn write(at: u32, d: u32, value: vec4f) {
  // unroll
  for (var j = 0u; j < 4u; j++) {
    if (d + j < WIDTH) { output[at + d + j] = value[j]; }
  }
}
