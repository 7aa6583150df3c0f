/** Free memory in address order and by size: best fit, splitting, and joining of neighbours. */

/** A free span; positions and lengths in any one unit below 2³¹. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/**
 * A set of free spans that never touch each other.
 *
 * Neighbours are found by their ends in two maps, fitting spans in sorted lists by power of two: no walk over all spans.
 */
export class FreeSpans {
  readonly #byStart = new Map<number, Span>();
  readonly #byEnd = new Map<number, Span>();
  /** List i holds the spans of 2^i ≤ length < 2^(i + 1), shortest first, then lowest address. */
  readonly #lists: readonly Span[][] = Array.from({ length: 31 }, () => []);

  /** All spans in address order. */
  get spans(): Span[] {
    return [...this.#byStart.values()].sort((a, b) => a.start - b.start);
  }

  /** Takes `length` from the shortest span that has it, the lowest of these; undefined when none has. */
  take(length: number): number | undefined {
    const span = this.#bestFit(length);
    if (!span) return undefined;
    this.remove(span);
    if (span.length > length) this.#insert({ start: span.start + length, length: span.length - length });
    return span.start;
  }

  /** Adds a span, joined with its free neighbours, and returns what it became. */
  add(start: number, length: number): Span {
    const before = this.#byEnd.get(start);
    const after = this.#byStart.get(start + length);
    if (before) this.remove(before);
    if (after) this.remove(after);
    const first = before?.start ?? start;
    const end = after ? after.start + after.length : start + length;
    return this.#insert({ start: first, length: end - first });
  }

  /** Takes away a span that {@linkcode add} returned or {@linkcode endingAt} found. */
  remove(span: Span): void {
    this.#byStart.delete(span.start);
    this.#byEnd.delete(span.start + span.length);
    const list = this.#lists[listOf(span.length)];
    list.splice(placeOf(list, span), 1);
  }

  /** The span that ends at a position. */
  endingAt(end: number): Span | undefined {
    return this.#byEnd.get(end);
  }

  #insert(span: Span): Span {
    this.#byStart.set(span.start, span);
    this.#byEnd.set(span.start + span.length, span);
    const list = this.#lists[listOf(span.length)];
    list.splice(placeOf(list, span), 0, span);
    return span;
  }

  #bestFit(length: number): Span | undefined {
    const first = listOf(length);
    const list = this.#lists[first];
    const place = placeOf(list, { start: 0, length });
    if (place < list.length) return list[place];
    for (let i = first + 1; i < this.#lists.length; i++) {
      if (this.#lists[i].length > 0) return this.#lists[i][0];
    }
    return undefined;
  }
}

function listOf(length: number): number {
  return 31 - Math.clz32(length);
}

/** Index of the first span that is not before `span` in a list's order. */
function placeOf(list: readonly Span[], { start, length }: Span): number {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = list[middle];
    if (other.length < length || (other.length === length && other.start < start)) low = middle + 1;
    else high = middle;
  }
  return low;
}
