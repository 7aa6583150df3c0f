/** Groups of channels in plain loops. */

/** One sample's share of channels: values lie at start + row·channels + [0, width). */
export interface Group {
  /** Place in `[samples, groups]`. */
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly channels: number;
  readonly firstChannel: number;
  readonly width: number;
}

/** Visits every group of every sample. */
export function forEachGroup(shape: readonly number[], groups: number, visit: (group: Group) => void): void {
  const channels = shape[shape.length - 1];
  const sample = shape.slice(1).reduce((product, size) => product * size, 1);
  const width = channels / groups;
  for (let b = 0; b < shape[0]; b++) {
    for (let g = 0; g < groups; g++) {
      const range = { start: b * sample + g * width, end: (b + 1) * sample };
      visit({ index: b * groups + g, ...range, channels, firstChannel: g * width, width });
    }
  }
}

/** Visits every value of a group: its place, and its channel. */
export function forEachValue(
  { start, end, channels, firstChannel, width }: Group,
  visit: (i: number, c: number) => void,
): void {
  for (let row = start; row < end; row += channels) {
    for (let c = 0; c < width; c++) visit(row + c, firstChannel + c);
  }
}

/** Mean and 1/√(variance + ε) of a group. */
export function groupMoments(
  x: Float32Array,
  group: Group,
  epsilon: number,
): { mean: number; inverseStd: number } {
  let sum = 0, squares = 0, count = 0;
  forEachValue(group, (i) => (sum += x[i], count++));
  const mean = sum / count;
  forEachValue(group, (i) => squares += (x[i] - mean) ** 2);
  return { mean, inverseStd: 1 / Math.sqrt(squares / count + epsilon) };
}
