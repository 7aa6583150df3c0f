/**
 * Python's pickle format, read as data: a pickle is a program for a small stack machine, and of its instructions only
 * those that build plain values are carried out. What a pickle may call is a list handed in; everything in it is ours.
 */
import type { Fail } from "./_fail.ts";

/** Something that a pickle may call, under the name by which Python finds it. */
export class PickleClass {
  /** `module.name`. */
  readonly name: string;
  /** Makes the value of a call. */
  readonly construct: (args: readonly unknown[]) => unknown;

  constructor(name: string, construct: PickleClass["construct"]) {
    this.name = name;
    this.construct = construct;
  }
}

/** What a pickle is read with. */
export interface UnpickleOptions {
  /** What may be called, by `module.name`; anything else is refused by its name. */
  readonly classes: ReadonlyMap<string, PickleClass>;
  /** The value for an object that is kept outside the pickle. */
  readonly persistent: (id: unknown) => unknown;
  readonly fail: Fail;
  /** True when the bytes are only the beginning of what there is: running out of them throws {@link MoreBytesNeeded}. */
  readonly hasMore?: boolean;
}

/** The pickle goes on after the bytes that were handed in. */
export class MoreBytesNeeded extends Error {
  override name = "MoreBytesNeeded";
}

/** Bounds the time and the memory: every instruction counts 1, and 1 more for each value that it moves or copies. */
const MAX_WORK = 1_000_000;
const MAX_MEMO = 250_000;
/** Containers in containers. */
const MAX_NESTING = 100;
/** Integers of more bytes are nothing that a checkpoint holds. */
const MAX_LONG_BYTES = 16;
const MAX_LINE_BYTES = 512;

const CALLABLE = "expected tensors, numbers, texts and containers of them, which need no code to be run";

/**
 * Reads one pickle of protocol 2 to 5.
 *
 * None becomes null, int a number, or a bigint beyond 2⁵³; str a string; bytes a Uint8Array; list, tuple and set an
 * array; dict a Map, so that no key can do harm. State that is set on objects is dropped.
 *
 * @returns the value and the number of bytes that the pickle takes
 * @throws whatever `fail` does, when the pickle is damaged, calls what is not allowed, or asks for too much work
 */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions): { value: unknown; length: number } {
  return new StackMachine(bytes, options).run();
}

class StackMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: UnpickleOptions;
  readonly #memo = new Map<number, unknown>();
  readonly #heights = new WeakMap<object, number>();
  #stack: unknown[] = [];
  readonly #marks: number[] = [];
  #at = 0;
  #work = 0;

  constructor(bytes: Uint8Array, options: UnpickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
  }

  run(): { value: unknown; length: number } {
    if (this.byte() !== PROTO) this.fail("expected a pickle of protocol 2 to 5, got something else");
    this.#at = 0;
    for (;;) {
      const at = this.#at;
      const code = this.byte();
      if (code === STOP) return { value: this.pop(), length: this.#at };
      const instruction = INSTRUCTIONS.get(code);
      if (instruction === undefined) {
        this.fail(`expected a pickle instruction at byte ${at}, got 0x${code.toString(16)}`);
      } else instruction(this);
      this.spend(1);
    }
  }

  fail(reason: string): never {
    return this.#options.fail(reason);
  }

  spend(work: number): void {
    this.#work += work;
    if (this.#work > MAX_WORK) this.fail(`expected a pickle of at most ${MAX_WORK} steps, got a longer one`);
  }

  /** Moves on over so many bytes and returns where they begin. */
  skip(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) {
      if (this.#options.hasMore) throw new MoreBytesNeeded();
      this.fail(`expected ${count} more bytes in the pickle, got ${this.#bytes.length - start}`);
    }
    this.#at = start + count;
    return start;
  }

  byte(): number {
    return this.#bytes[this.skip(1)];
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }

  float64(): number {
    return this.#view.getFloat64(this.skip(8));
  }

  /** A little-endian two's complement integer. */
  long(count: number): number | bigint {
    if (count > MAX_LONG_BYTES) this.fail(`expected integers of at most ${MAX_LONG_BYTES} bytes, got ${count}`);
    const bytes = this.take(count);
    const bits = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const value = BigInt.asIntN(8 * count, bits);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** A copy of the next bytes. */
  take(count: number): Uint8Array {
    const start = this.skip(count);
    return this.#bytes.slice(start, start + count);
  }

  text(count: number): string {
    const start = this.skip(count);
    return new TextDecoder().decode(this.#bytes.subarray(start, start + count));
  }

  line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_LINE_BYTES).indexOf(0x0a);
    // Without an end of line, this runs out of bytes or goes beyond what a name may have.
    if (end < 0) this.skip(MAX_LINE_BYTES);
    if (end < 0) this.fail(`expected a name of at most ${MAX_LINE_BYTES} bytes in the pickle, got a longer one`);
    const text = this.text(end);
    this.skip(1);
    return text;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  top(): unknown {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length <= floor) this.fail("expected a value on the pickle's stack, got none");
    return this.#stack.at(-1);
  }

  pop(): unknown {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  /** The last values, in the order in which they were pushed. */
  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  mark(): void {
    if (this.#marks.length >= 4 * MAX_NESTING) this.#failNesting();
    this.#marks.push(this.#stack.length);
  }

  /** The values since the last mark, which goes too. */
  popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) return this.fail("expected a mark on the pickle's stack, got none");
    const values = this.#stack.splice(mark);
    this.spend(values.length);
    return values;
  }

  /** Pushes a new container of these values. */
  pushContainer(container: object, values: readonly unknown[]): void {
    this.#nest(container, values);
    this.push(container);
  }

  /** Puts values into the list or set on top of the stack. */
  append(values: readonly unknown[]): void {
    const target = this.top();
    if (target instanceof Inert) return;
    if (!Array.isArray(target)) return this.fail("expected a list to append to in the pickle, got something else");
    this.#nest(target, values);
    for (const value of values) target.push(value);
  }

  /** Puts keys and values, in turn, into the dictionary on top of the stack. */
  setItems(values: readonly unknown[]): void {
    const target = this.top();
    if (target instanceof Inert) return;
    if (!(target instanceof Map) || values.length % 2 !== 0) {
      return this.fail("expected a dictionary and pairs to set in it in the pickle, got something else");
    }
    this.#nest(target, values);
    for (let i = 0; i < values.length; i += 2) target.set(values[i], values[i + 1]);
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
    if (this.#memo.size > MAX_MEMO) this.fail(`expected at most ${MAX_MEMO} values that a pickle remembers, got more`);
  }

  memoize(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.fail(`expected a value that the pickle remembers as ${index}, got none`);
    this.push(this.#memo.get(index));
  }

  /** Pushes what has this name, if it may be called. */
  find(module: unknown, name: unknown): void {
    const path = `${module}.${name}`;
    const found = this.#options.classes.get(path);
    if (found === undefined) this.fail(`it wants to call ${printable(path)}; ${CALLABLE}`);
    this.push(found);
  }

  call(): void {
    const args = this.pop(), target = this.pop();
    if (!(target instanceof PickleClass) || !Array.isArray(args)) {
      return this.fail("expected a pickle to call a known class with a tuple, got something else");
    }
    // A call may copy what it is given, and what that holds.
    this.spend(args.length);
    for (const value of args) this.spend(Array.isArray(value) ? value.length : value instanceof Map ? value.size : 0);
    const value = target.construct(args);
    if (typeof value === "object" && value !== null && !args.includes(value)) this.#nest(value, args);
    this.push(value);
  }

  outside(): void {
    this.push(this.#options.persistent(this.pop()));
  }

  #nest(container: object, values: readonly unknown[]): void {
    this.spend(values.length);
    let height = this.#heights.get(container) ?? 0;
    for (const value of values) {
      if (typeof value === "object" && value !== null) height = Math.max(height, (this.#heights.get(value) ?? 0) + 1);
    }
    if (height > MAX_NESTING) this.#failNesting();
    this.#heights.set(container, height);
  }

  #failNesting(): never {
    return this.fail(`expected at most ${MAX_NESTING} containers in one another in the pickle, got more`);
  }
}

/** An object of which nothing is kept: what is put into it is dropped. */
export class Inert {}

function printable(path: string): string {
  const text = JSON.stringify(path).slice(1, -1);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

const PROTO = 0x80;
const STOP = 0x2e;

function startProtocol(m: StackMachine): void {
  const version = m.byte();
  if (version < 2 || version > 5) m.fail(`expected a pickle of protocol 2 to 5, got ${version}`);
}

// Names as in Python's pickletools. Not among them, and refused: text instructions of protocol 0, instances of old
// classes, the extension registry, buffers outside the pickle.
const INSTRUCTIONS: ReadonlyMap<number, (m: StackMachine) => void> = new Map([
  [PROTO, startProtocol],
  [0x95, (m: StackMachine): void => void m.skip(8)], // FRAME

  [code("N"), (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [code("J"), (m) => m.push(m.int32())], // BININT
  [code("K"), (m) => m.push(m.byte())], // BININT1
  [code("M"), (m) => m.push(m.uint16())], // BININT2
  [0x8a, (m) => m.push(m.long(m.byte()))], // LONG1
  [0x8b, (m) => m.push(m.long(m.uint32()))], // LONG4
  [code("G"), (m) => m.push(m.float64())], // BINFLOAT

  [0x8c, (m) => m.push(m.text(m.byte()))], // SHORT_BINUNICODE
  [code("X"), (m) => m.push(m.text(m.uint32()))], // BINUNICODE
  [0x8d, (m) => m.push(m.text(m.uint64()))], // BINUNICODE8
  [code("U"), (m) => m.push(m.text(m.byte()))], // SHORT_BINSTRING, a str of Python 2
  [code("T"), (m) => m.push(m.text(m.uint32()))], // BINSTRING
  [code("C"), (m) => m.push(m.take(m.byte()))], // SHORT_BINBYTES
  [code("B"), (m) => m.push(m.take(m.uint32()))], // BINBYTES
  [0x8e, (m) => m.push(m.take(m.uint64()))], // BINBYTES8
  [0x96, (m) => m.push(m.take(m.uint64()))], // BYTEARRAY8

  [code(")"), (m) => m.push([])], // EMPTY_TUPLE
  [0x85, (m) => pushList(m, m.popMany(1))], // TUPLE1
  [0x86, (m) => pushList(m, m.popMany(2))], // TUPLE2
  [0x87, (m) => pushList(m, m.popMany(3))], // TUPLE3
  [code("t"), (m) => pushList(m, m.popToMark())], // TUPLE
  [0x91, (m) => pushList(m, m.popToMark())], // FROZENSET
  [code("]"), (m) => m.push([])], // EMPTY_LIST
  [0x8f, (m) => m.push([])], // EMPTY_SET
  [code("a"), (m) => m.append(m.popMany(1))], // APPEND
  [code("e"), (m) => m.append(m.popToMark())], // APPENDS
  [0x90, (m) => m.append(m.popToMark())], // ADDITEMS
  [code("}"), (m) => m.push(new Map())], // EMPTY_DICT
  [code("s"), (m) => m.setItems(m.popMany(2))], // SETITEM
  [code("u"), (m) => m.setItems(m.popToMark())], // SETITEMS

  [code("("), (m) => m.mark()], // MARK
  [code("0"), (m) => void m.pop()], // POP
  [code("1"), (m) => void m.popToMark()], // POP_MARK
  [code("2"), (m) => m.push(m.top())], // DUP
  [code("h"), (m) => m.recall(m.byte())], // BINGET
  [code("j"), (m) => m.recall(m.uint32())], // LONG_BINGET
  [code("q"), (m) => m.remember(m.byte())], // BINPUT
  [code("r"), (m) => m.remember(m.uint32())], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE

  [code("c"), (m) => m.find(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.find(...(m.popMany(2) as [unknown, unknown]))], // STACK_GLOBAL
  [code("R"), (m) => m.call()], // REDUCE
  [0x81, (m) => m.call()], // NEWOBJ
  [0x92, callWithNames], // NEWOBJ_EX
  [code("b"), (m) => void m.pop()], // BUILD
  [code("Q"), (m) => m.outside()], // BINPERSID
]);

function code(character: string): number {
  return character.charCodeAt(0);
}

function pushList(m: StackMachine, values: unknown[]): void {
  m.pushContainer(values, values);
}

/** Named arguments are dropped: nothing that may be called takes any. */
function callWithNames(m: StackMachine): void {
  m.pop();
  m.call();
}
