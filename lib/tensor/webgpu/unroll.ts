/**
 * Loops of shaders written out, copy by copy, before a driver sees them.
 *
 * WebGPU bounds every loop: naga, behind Deno and Firefox, puts a 64-bit counter into each. Many drivers then no longer
 * unroll it; arrays that its variable indexes leave the registers, and every access is checked besides. So the loops over a
 * block of registers carry a mark on the line above, which is a comment to everyone else:
 *
 *     // unroll
 *     for (var i = 0u; i < 8u; i++) { sums[i] += values[i]; }
 *
 * They become one block per round, in which the variable is a constant: `{ const i = 0u; { sums[i] += values[i]; } }`. Start
 * and end are unsigned literals or a `const` of the same source that is one; loops in the body may be marked as well. Loops
 * over memory stay loops: written out they would only make shaders long.
 */

const MARK = /^[ \t]*\/\/ unroll[ \t]*\r?\n/gm;
const HEAD = /\s*for \(var (\w+) = (\w+); \1 < (\w+); \1(?:\+\+| \+= (\w+))\) \{/y;
const CONSTANT = /^const (\w+)(?:: u32)? = (\d+)u;/gm;

type Constants = ReadonlyMap<string, number>;

/**
 * A shader with its marked loops written out.
 *
 * @throws {SyntaxError} when a mark stands before anything but a loop of constant length that runs to its end
 */
export function unroll(source: string): string {
  if (source.search(MARK) < 0) return source;
  // Comments may hold brackets, and copies need neither them nor indentation.
  const plain = source.replaceAll(/[ \t]*\/\/(?! unroll[ \t]*$).*$/gm, "").replaceAll(/^\s+/gm, "");
  return written(plain, new Map([...plain.matchAll(CONSTANT)].map(([, name, value]) => [name, Number(value)])));
}

function written(text: string, constants: Constants): string {
  let result = "", done = 0;
  for (const mark of text.matchAll(MARK)) {
    // Within a loop that is written out already.
    if (mark.index < done) continue;
    const loop = loopAt(text, mark.index + mark[0].length);
    const body = written(loop.body, constants);
    const copies = roundsOf(loop, constants).map((value) => `{ const ${loop.name} = ${value}u; {${body}} }\n`);
    result += text.slice(done, mark.index) + copies.join("");
    done = loop.end;
  }
  return result + text.slice(done);
}

interface Loop {
  readonly head: string;
  readonly name: string;
  readonly first: string;
  readonly last: string;
  readonly step: string;
  readonly body: string;
  /** Behind its closing brace. */
  readonly end: number;
}

function loopAt(text: string, start: number): Loop {
  HEAD.lastIndex = start;
  const match = HEAD.exec(text);
  if (!match) {
    const line = text.slice(start).trimStart().split("\n", 1)[0].trim();
    throw new SyntaxError(`Cannot unroll: expected "for (var i = 0u; i < 8u; i++) {" or alike, got "${line}"`);
  }
  const [head, name, first, last, step = "1u"] = match;
  const end = closingBrace(text, start + head.length);
  const loop = { head: head.trim(), name, first, last, step, body: text.slice(start + head.length, end - 1), end };
  expectPlainBody(loop);
  return loop;
}

function expectPlainBody({ head, name, body }: Loop): void {
  const [jump] = body.match(/\b(?:break|continue)\b/) ?? [];
  if (jump) throw new SyntaxError(`Cannot unroll "${head}": expected a loop that runs to its end, got ${jump}`);
  const isChanged = new RegExp(`(?<![.\\w])${name}\\s*(?:[-+*/%&|^]?=(?!=)|\\+\\+|--|[<>]{2}=)`);
  const [change] = body.match(isChanged) ?? [];
  if (change && !new RegExp(`\\b(?:let|var|const) ${name}\\b`).test(body)) {
    throw new SyntaxError(`Cannot unroll "${head}": expected a body that leaves ${name} alone, got "${change}"`);
  }
}

/** The variable's values. */
function roundsOf({ head, first, last, step }: Loop, constants: Constants): number[] {
  const [from, to, by] = [first, last, step].map((text) => {
    const value = constants.get(text) ?? (/^\d+u$/.test(text) ? parseInt(text) : undefined);
    if (value !== undefined) return value;
    throw new SyntaxError(`Cannot unroll "${head}": expected an unsigned literal or const, got ${text}`);
  });
  if (by === 0) throw new SyntaxError(`Cannot unroll "${head}": expected a step of at least 1, got 0`);
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / by)) }, (_, round) => from + round * by);
}

/** Behind the brace that closes the one before `start`. */
function closingBrace(text: string, start: number): number {
  let depth = 1, at = start;
  for (; depth > 0 && at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}") depth--;
  }
  if (depth > 0) {
    throw new SyntaxError(`Cannot unroll: expected a brace that closes the loop, got the end of the source`);
  }
  return at;
}
