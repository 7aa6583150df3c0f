// Eight neighbouring voxels of one channel in registers, and a row of a kernel on them. No value is indexed by a
// variable, so that none has to leave the registers.

// Taps of a row of the kernel that are taken at once, odd, at most 7.
override TAPS: u32 = 3u;

struct Row { a: vec4f, b: vec4f }
// What a row of 7 taps sees of the input for 8 outputs.
struct Wide { a: vec4f, b: vec4f, c: vec4f, d: vec2f }
struct Taps { a: vec4f, b: vec3f }

fn addTap(sum: Row, tap: f32, left: vec4f, right: vec4f) -> Row {
  return Row(fma(vec4f(tap), left, sum.a), fma(vec4f(tap), right, sum.b));
}

// sum[i] + Σ taps[j]·x[i + j].
fn addTaps(sum: Row, taps: Taps, x: Wide) -> Row {
  var s = addTap(sum, taps.a.x, x.a, x.b);
  if (TAPS > 1u) {
    s = addTap(s, taps.a.y, vec4f(x.a.yzw, x.b.x), vec4f(x.b.yzw, x.c.x));
    s = addTap(s, taps.a.z, vec4f(x.a.zw, x.b.xy), vec4f(x.b.zw, x.c.xy));
  }
  if (TAPS > 3u) {
    s = addTap(s, taps.a.w, vec4f(x.a.w, x.b.xyz), vec4f(x.b.w, x.c.xyz));
    s = addTap(s, taps.b.x, x.b, x.c);
  }
  if (TAPS > 5u) {
    s = addTap(s, taps.b.y, vec4f(x.b.yzw, x.c.x), vec4f(x.c.yzw, x.d.x));
    s = addTap(s, taps.b.z, vec4f(x.b.zw, x.c.xy), vec4f(x.c.zw, x.d.xy));
  }
  return s;
}

fn chain(sum: f32, left: vec4f, right: vec4f) -> f32 {
  return fma(left.x, right.x, fma(left.y, right.y, fma(left.z, right.z, fma(left.w, right.w, sum))));
}

fn correlation(sum: f32, dy: Row, left: vec4f, right: vec4f) -> f32 {
  return chain(chain(sum, dy.a, left), dy.b, right);
}

// taps[j] + Σ dy[i]·x[i + j].
fn addCorrelations(taps: Taps, dy: Row, x: Wide) -> Taps {
  var t = taps;
  t.a.x = correlation(t.a.x, dy, x.a, x.b);
  if (TAPS > 1u) {
    t.a.y = correlation(t.a.y, dy, vec4f(x.a.yzw, x.b.x), vec4f(x.b.yzw, x.c.x));
    t.a.z = correlation(t.a.z, dy, vec4f(x.a.zw, x.b.xy), vec4f(x.b.zw, x.c.xy));
  }
  if (TAPS > 3u) {
    t.a.w = correlation(t.a.w, dy, vec4f(x.a.w, x.b.xyz), vec4f(x.b.w, x.c.xyz));
    t.b.x = correlation(t.b.x, dy, x.b, x.c);
  }
  if (TAPS > 5u) {
    t.b.y = correlation(t.b.y, dy, vec4f(x.b.yzw, x.c.x), vec4f(x.c.yzw, x.d.x));
    t.b.z = correlation(t.b.z, dy, vec4f(x.b.zw, x.c.xy), vec4f(x.c.zw, x.d.xy));
  }
  return t;
}
