// Memory as vectors, for heads whose channels are a multiple of four. Everywhere, d is the channel of the head at `at`.

alias Stored = vec4f;

fn ofQkv(at: u32, d: u32) -> vec4f { return qkv[at / 4u]; }

fn ofGradient(at: u32, d: u32) -> vec4f { return dy[at / 4u]; }

fn write(at: u32, d: u32, value: vec4f) {
  if (d < WIDTH) { output[(at + d) / 4u] = value; }
}
