/** Programs that take several arrays in one dispatch, each a run of workgroups: their sources, and who takes what. */

/** Arrays that one program takes, in vectors of four values or one by one. */
export interface ArrayGroup {
  /** Their places among all. */
  readonly indices: readonly number[];
  readonly width: 1 | 4;
}

/** Groups of at most so many arrays, those of whole vectors apart from the others. */
export function groupsOf(lengths: readonly number[], most: number): ArrayGroup[] {
  return ([4, 1] as const).flatMap((width) => {
    const indices = lengths.flatMap((length, index) => (length % 4 === 0) === (width === 4) ? [index] : []);
    const starts = Array.from({ length: Math.ceil(indices.length / most) }, (_, k) => k * most);
    return starts.map((start) => ({ indices: indices.slice(start, start + most), width }));
  });
}

/** Values of every array and the first of its workgroups, and the workgroups of all. */
export function placesOf(
  lengths: readonly number[],
  { most, values }: { most: number; values: number },
): { places: number[]; workgroups: number } {
  let workgroups = 0;
  const places = lengths.flatMap((length) => {
    const first = workgroups;
    workgroups += Math.ceil(length / values);
    return [length, first];
  });
  return { places: padded(places, 2 * most), workgroups };
}

/** Numbers with zeros behind them. */
export function padded(values: readonly number[], length: number): number[] {
  return Array.from({ length }, (_, i) => values[i] ?? 0);
}

/**
 * A source that is made of a common part and of one for each array.
 *
 * `part` is written once per array: INDEX becomes its number, and BINDING0, BINDING1, … its bindings; it has
 * `fn runINDEX(start: u32, end: u32, thread: u32)`. The common part calls `run(index, start, end, thread)`, which chooses.
 * The choice stands outside of all loops: a CPU behind a GPU would go through all cases for every value.
 *
 * @param bindings of every array, in the order of its names in the part
 */
export function sourceOfMany(
  { common, part }: { common: string; part: string },
  bindings: readonly (readonly number[])[],
): string {
  const parts = bindings.map((numbers, index) => {
    const numbered = numbers.reduce((text, number, k) => text.replace(`BINDING${k}`, String(number)), part);
    return numbered.replaceAll("INDEX", String(index));
  });
  const cases = bindings.map((_, index) => `    case ${index}: { run${index}(start, end, thread); }`);
  return [
    common,
    `const COUNT = ${bindings.length}u;`,
    ...parts,
    "fn run(index: u32, start: u32, end: u32, thread: u32) {",
    "  switch index {",
    ...cases,
    "    default: {}",
    "  }",
    "}",
  ].join("\n");
}
