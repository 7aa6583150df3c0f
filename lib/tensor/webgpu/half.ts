/**
 * Half precision in memory: shaders whose arrays hold 16-bit floats, made from those whose arrays hold 32-bit ones.
 *
 * What a training step moves are activations and their gradients; on a GPU most of its kernels wait for them. With the
 * precision `f16-mixed` they lie in memory as f16, half as large and half as long on their way, and everything else stays
 * as it is: kernels compute and add up in f32, and weights, their gradients, moments, statistics and losses are f32 tensors.
 * A kernel says which of its outputs are activations ({@linkcode GpuRuntime.activation}); tfjs knows nothing of it. The
 * backend remembers for every tensor how it is stored, binds it as it is, and widens it where a kernel of tfjs reads it.
 *
 * A shader is written once, for f32. For a call with arrays in half precision the declarations of these become
 * `array<f16>`, `array<vec2h>` or `array<vec4h>`, every read `name[i]` becomes `f32(name[i])`, and every assignment to
 * `name[i]` narrows its value. That is why shaders access their arrays by nothing but `name[…]`, and name no other array
 * alike. A value beyond ±65504 becomes infinite: the trainer's loss scale watches for that.
 *
 * Rejected: tiles of f16 made from f32 memory, which save traffic where it is cheapest, in workgroup memory, and nothing
 * of a step's memory; sums in f16, which lose weight gradients of a million voxels.
 */

/** What a stored type is in half precision, and what its values are computed as. */
const HALVES: Readonly<Record<string, string>> = { f32: "f16", vec2f: "vec2h", vec4f: "vec4h" };

interface Binding {
  readonly name: string;
  readonly half: string;
  readonly wide: string;
}

/**
 * A shader whose arrays at some bindings hold half precision.
 *
 * @param bindings numbers of the bindings in group 0
 * @throws {RangeError} when a binding is not there or its values have no half precision
 */
export function withHalfArrays(source: string, bindings: readonly number[]): string {
  if (bindings.length === 0) return source;
  const plain = source.replaceAll(/\/\/.*$/gm, "");
  const aliases = new Map([...plain.matchAll(/alias (\w+) = (\w+);/g)].map(([, name, type]) => [name, type]));
  return bindings.reduce((text, binding) => withHalfArray(text, { binding, aliases }), "enable f16;\n" + plain);
}

function withHalfArray(
  source: string,
  { binding, aliases }: { binding: number; aliases: ReadonlyMap<string, string> },
): string {
  const declaration = new RegExp(`(@binding\\(${binding}\\) var<storage, \\w+> (\\w+): array<)(\\w+)>`);
  const [, , name = "", type = "none"] = source.match(declaration) ?? [];
  let wide = type;
  while (aliases.has(wide)) wide = aliases.get(wide)!;
  const half = HALVES[wide];
  if (half === undefined) {
    throw new RangeError(
      `Cannot store binding ${binding} in half precision: expected an array of floats, got ${wide}`,
    );
  }
  return withAccesses(source.replace(declaration, `$1${half}>`), { name, half, wide });
}

/** Widens what is read of an array, and narrows what is assigned to it. */
function withAccesses(source: string, array: Binding): string {
  const access = new RegExp(`(?<![.\\w])${array.name}\\[`, "g");
  let text = "", done = 0;
  for (let match = access.exec(source); match; match = access.exec(source)) {
    const end = closingBracket(source, access.lastIndex);
    const place = `${array.name}[${withAccesses(source.slice(access.lastIndex, end - 1), array)}]`;
    const assignment = source.slice(end).match(/^\s*([-+*/]?)=(?!=)/);
    text += source.slice(done, match.index);
    done = end;
    if (assignment) {
      const start = end + assignment[0].length;
      done = source.indexOf(";", start);
      const value = withAccesses(source.slice(start, done).trim(), array);
      const before = assignment[1] === "" ? "" : `${array.wide}(${place}) ${assignment[1]} `;
      text += `${place} = ${array.half}(${before}${before ? `(${value})` : value})`;
    } else text += `${array.wide}(${place})`;
    access.lastIndex = done;
  }
  return text + source.slice(done);
}

/** Behind the bracket that closes the one before `start`. */
function closingBracket(source: string, start: number): number {
  let depth = 1, at = start;
  for (; depth > 0 && at < source.length; at++) {
    if (source[at] === "[") depth++;
    else if (source[at] === "]") depth--;
  }
  return at;
}
