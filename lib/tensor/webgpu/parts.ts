/**
 * Kernels called for a part of their arrays at a time, where the device cannot bind them, or their scratch, whole.
 *
 * A device binds less than it holds: 128 MiB at a time on many, of buffers of 2 GiB. Most kernels do not mind: what they
 * compute for a sample, a token or a value does not depend on the others, or is summed over them. Such a kernel says so once
 * ({@linkcode Cut}), and where a call is too large it is called for windows of the same buffers, one after the other: the
 * results are the same to the bit, but for sums, which are added part by part, in order. Scratch is used again by every part.
 *
 * How many parts it takes is found by calling the kernel with arrays that have sizes and no memory. Nothing of this happens
 * where a call fits.
 */
import { bytesOf, checkCall, checkHolding, lengthOf, TooLargeError } from "./limits.ts";
import type { DeviceLimits } from "./limits.ts";
import { workgroupRow } from "./runtime.ts";
import type { GpuArray, GpuRuntime } from "./runtime.ts";
import accumulateSource from "./accumulate.wgsl" with { type: "text" };

/** What a kernel computes apart from all else. */
export interface Cut {
  /** Single values, tokens (runs along the last axis), or samples (of the first axis). */
  readonly along: "values" | "tokens" | "samples";
  /** Names of the arrays that are cut, each into as many units; those that are not given are left out. */
  readonly of: readonly string[];
  /** Places among the outputs of sums over all units. The other outputs are cut as the inputs are. */
  readonly sums?: readonly number[];
  /** Places of outputs that are not cut: every part writes some of their values, by the number of its first unit. */
  readonly shared?: readonly number[];
}

/** A kernel as it is called. */
export type GpuKernel = (arrays: Record<string, GpuArray>, runtime: GpuRuntime) => GpuArray[];

/** Values at whose multiples a binding may begin on every device, in any precision. */
const ALIGNED = 128;
/** Parts that are tried one by one; further ones in larger steps. */
const CLOSE = 16;

/** A call that is to be cut. */
export interface CutCall {
  /** For messages. */
  readonly name: string;
  readonly kernel: GpuKernel;
  readonly arrays: Record<string, GpuArray>;
  readonly cut: Cut;
}

/**
 * Units of a part, the largest at which the call fits.
 *
 * @throws {TooLargeError} when not even one unit does, of that
 */
export function unitsThatFit(call: CutCall, runtime: GpuRuntime): number {
  const all = unitsOf(call);
  for (let parts = 2;; parts = parts < CLOSE ? parts + 1 : Math.ceil(1.25 * parts)) {
    const units = partOf(all, Math.min(all, parts));
    try {
      rehearse(call, units, runtime);
      return units;
    } catch (error) {
      if (!(error instanceof TooLargeError) || units <= 1) throw error;
    }
  }
}

/** Runs a kernel in parts of so many units; its outputs are those of a call of the whole. */
export function runInParts(call: CutCall, units: number, runtime: GpuRuntime): GpuArray[] {
  const { kernel, arrays, cut } = call;
  const all = unitsOf(call);
  const plan = rehearse(call, units, runtime);
  const wholes = plan.outputs.map(({ shape, isHalf }, place) => {
    const isWhole = cut.sums?.includes(place) || cut.shared?.includes(place);
    const whole = isWhole ? shape : wholeShape(shape, call);
    return runtime.outputLike(whole, [{ isHalf }]);
  });
  const scratch = new ReusedScratch(runtime);
  for (let first = 0; first < all; first += units) {
    const window = { first, count: Math.min(units, all - first), along: cut.along };
    scratch.startAgain();
    const given = Object.entries(arrays).map(([name, array]): [string, GpuArray] => {
      return [name, cut.of.includes(name) ? readable(array, window, { scratch, runtime }) : array];
    });
    const part = new Part({ plan, wholes, cut, window, scratch, runtime });
    kernel(Object.fromEntries(given), part.runtime);
    part.finish();
  }
  return wholes;
}

/** Whether the device binds all of them whole. */
export function canBind(arrays: readonly GpuArray[], { maxStorageBufferBindingSize: most }: DeviceLimits): boolean {
  return arrays.every((array) => bytesOf(array) <= most);
}

/**
 * Arrays of one length in pieces that the device binds, all cut at the same places; as they are where they fit.
 *
 * @param row values that are not cut apart, default 1
 */
export function bindablePieces<K extends string>(
  arrays: Readonly<Record<K, GpuArray>>,
  limits: DeviceLimits,
  { row = 1 }: { row?: number } = {},
): Record<K, GpuArray>[] {
  const names = Object.keys(arrays) as K[];
  if (canBind(names.map((name) => arrays[name]), limits)) return [arrays];
  const { length } = arrays[names[0]];
  // A row more or less must not move a piece to where no binding begins.
  const step = row * ALIGNED;
  const longest = Math.max(1, Math.floor(limits.maxStorageBufferBindingSize / 4 / step)) * step;
  return Array.from({ length: Math.ceil(length / longest) }, (_, piece) => {
    const first = piece * longest,
      window = { first, count: Math.min(longest, length - first), along: "values" } as const;
    return Object.fromEntries(names.map((name) => [name, windowOf(arrays[name], window)])) as Record<K, GpuArray>;
  });
}

/** Some units of an array, in their order. */
interface Window {
  readonly first: number;
  readonly count: number;
  readonly along: Cut["along"];
}

/** A part of an array where it lies; it may begin where no binding can. */
export function windowOf(array: GpuArray, { first, count, along }: Window): GpuArray {
  const shape = partShape(array.shape, { count, along });
  const length = lengthOf(shape);
  const offset = (array.offset ?? 0) + first * (length / count) * (array.isHalf ? 2 : 4);
  return { buffer: array.buffer, isHalf: array.isHalf, offset, length, shape };
}

/** A part of an array that can be bound: where it lies, or a copy. */
function readable(
  array: GpuArray,
  window: Window,
  { scratch, runtime }: { scratch: ReusedScratch; runtime: GpuRuntime },
): GpuArray {
  const view = windowOf(array, window);
  if (isAligned(view, runtime.limits)) return view;
  const copy = { ...scratch.take(view.length, view.isHalf === true), shape: view.shape };
  runtime.copy(view, copy);
  return copy;
}

function isAligned({ offset = 0 }: GpuArray, { minStorageBufferOffsetAlignment: step }: DeviceLimits): boolean {
  return offset % step === 0;
}

function unitsOf({ arrays, cut: { of, along } }: CutCall): number {
  const { shape, length } = arrays[of.find((name) => arrays[name])!];
  if (along === "values") return length;
  return along === "samples" ? shape[0] : length / shape[shape.length - 1];
}

/** Units of each of so many parts; long ones begin where a binding may. */
function partOf(all: number, parts: number): number {
  const units = Math.ceil(all / parts);
  return units >= 8 * ALIGNED ? Math.ceil(units / ALIGNED) * ALIGNED : units;
}

function partShape(shape: readonly number[], { count, along }: Omit<Window, "first">): readonly number[] {
  if (along === "values") return [count];
  return along === "samples" ? [count, ...shape.slice(1)] : [count, shape[shape.length - 1]];
}

/** The shape of an output of the whole call, by that of a part. */
function wholeShape(shape: readonly number[], { arrays, cut: { of, along } }: CutCall): readonly number[] {
  const whole = arrays[of.find((name) => arrays[name])!].shape;
  if (along === "values") return whole;
  return along === "samples" ? [whole[0], ...shape.slice(1)] : [...whole.slice(0, -1), shape[shape.length - 1]];
}

/** What a part makes: its outputs, and the places among these of the arrays that the kernel asks for, −1 for none. */
interface Plan {
  readonly outputs: readonly GpuArray[];
  readonly places: readonly number[];
}

/** Calls the kernel for its first part without doing anything. */
function rehearse({ name, kernel, arrays, cut }: CutCall, units: number, runtime: GpuRuntime): Plan {
  const { limits, isMixed } = runtime;
  const made: GpuArray[] = [];
  const make = (shape: readonly number[], isHalf = false): GpuArray => {
    const array = { buffer: {} as GPUBuffer, length: lengthOf(shape), shape, isHalf };
    checkHolding(array, limits.maxBufferSize);
    return array;
  };
  const output = (shape: readonly number[], isHalf = false): GpuArray => {
    made.push(make(shape, isHalf));
    return made[made.length - 1];
  };
  const given = Object.entries(arrays).map(([name, array]): [string, GpuArray] => {
    return [name, cut.of.includes(name) ? windowOf(array, { first: 0, count: units, along: cut.along }) : array];
  });
  const cutOnes = given.flatMap(([name, array]) => cut.of.includes(name) ? [array] : []);
  checkCall({ name, source: "" }, { inputs: cutOnes, outputs: [], workgroups: [1] }, limits);
  const outputs = kernel(Object.fromEntries(given), {
    ...runtime,
    firstUnit: 0,
    run: (program, call) => checkCall(program, call, limits),
    copy: () => {},
    output: (shape) => output(shape),
    activation: (shape) => output(shape, isMixed),
    outputLike: (shape, sources) => output(shape, sources.some(({ isHalf }) => isHalf)),
    scratch: (length) => make([length]),
    activationScratch: (length) => make([length], isMixed),
    overwrite: (array) => array,
  });
  return { outputs, places: made.map((array) => outputs.indexOf(array)) };
}

/** What one part is computed with: its outputs are windows of the whole ones. */
class Part {
  readonly runtime: GpuRuntime;
  readonly #wholes: readonly GpuArray[];
  readonly #after: (() => void)[] = [];
  readonly #scratch: ReusedScratch;
  readonly #outer: GpuRuntime;
  readonly #window: Window;
  readonly #cut: Cut;

  constructor({ plan, wholes, cut, window, scratch, runtime }: {
    plan: Plan;
    wholes: readonly GpuArray[];
    cut: Cut;
    window: Window;
    scratch: ReusedScratch;
    runtime: GpuRuntime;
  }) {
    this.#wholes = wholes;
    this.#cut = cut;
    this.#window = window;
    this.#scratch = scratch;
    this.#outer = runtime;
    let made = 0;
    const output = (shape: readonly number[], isHalf = false): GpuArray => {
      const place = plan.places[made++];
      return { ...(place < 0 ? scratch.take(lengthOf(shape), isHalf) : this.#output(place, isHalf)), shape };
    };
    this.runtime = {
      ...runtime,
      firstUnit: window.first,
      output: (shape) => output(shape),
      activation: (shape) => output(shape, runtime.isMixed),
      outputLike: (shape, sources) => output(shape, sources.some(({ isHalf }) => isHalf)),
      scratch: (length) => scratch.take(length, false),
      activationScratch: (length) => scratch.take(length, runtime.isMixed),
    };
  }

  /** Puts what was computed apart where it belongs. */
  finish(): void {
    for (const put of this.#after) put();
  }

  /** Where the kernel writes an output of this part. */
  #output(place: number, isHalf: boolean): GpuArray {
    const whole = this.#wholes[place];
    const runtime = this.#outer;
    if (this.#cut.shared?.includes(place)) return whole;
    if (this.#cut.sums?.includes(place)) {
      if (this.#window.first === 0) return whole;
      const part = this.#scratch.take(whole.length, isHalf);
      this.#after.push(() => accumulate(part, whole, runtime));
      return part;
    }
    const view = windowOf(whole, this.#window);
    if (isAligned(view, runtime.limits)) return view;
    const copy = this.#scratch.take(view.length, isHalf);
    this.#after.push(() => runtime.copy(copy, view));
    return copy;
  }
}

/** y += x. */
function accumulate(x: GpuArray, y: GpuArray, { run, limits }: GpuRuntime): void {
  const workgroups = workgroupRow(Math.ceil(y.length / 256), limits);
  const program = { name: "accumulate", source: accumulateSource };
  run(program, { workgroups, inputs: [x], outputs: [y], integers: [y.length] });
}

/** Scratch of the parts, which ask for the same in the same order. */
class ReusedScratch {
  readonly #runtime: GpuRuntime;
  readonly #arrays: GpuArray[] = [];
  #next = 0;

  constructor(runtime: GpuRuntime) {
    this.#runtime = runtime;
  }

  /** Gives what it gave before from here on. */
  startAgain(): void {
    this.#next = 0;
  }

  take(length: number, isHalf: boolean): GpuArray {
    const at = this.#next++;
    const before = this.#arrays[at];
    // The last part is smaller than the others.
    if (before?.isHalf === isHalf && before.length >= length) return { ...before, length, shape: [length] };
    const made = isHalf ? this.#runtime.activationScratch(length) : this.#runtime.scratch(length);
    this.#arrays[at] = { ...made, isHalf };
    return this.#arrays[at];
  }
}
