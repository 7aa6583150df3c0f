/** Template windows on the GPU: windows go to the shaders in small lists, among their parameters. */
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import { sumRows } from "../../webgpu/sum_rows.ts";
import type { TemplateWindow, WindowAttributes } from "./mod.ts";
import extremesSource from "./extremes.wgsl" with { type: "text" };
import flowsSource from "./flows.wgsl" with { type: "text" };
import gradientSource from "./gradient.wgsl" with { type: "text" };
import windowsSource from "./windows.wgsl" with { type: "text" };

/** Windows and volumes that the parameters of one call have room for. */
const MOST_WINDOWS = 12, MOST_VOLUMES = 60;
/** Values of a piece, and pieces at most. */
const PIECE = 8192, MOST_PIECES = 1024;

/** What the extremes of values are, and those of extremes found in pieces. */
const OF_VALUES = "@group(0) @binding(1) var<storage, read> x: array<f32>;\n" +
  "fn load(i: u32) -> vec4f { return vec4f(x[i], 1.0, x[i], 1.0); }\n";
const OF_PIECES = "@group(0) @binding(1) var<storage, read> x: array<vec4f>;\n" +
  "fn load(i: u32) -> vec4f { return x[i]; }\n";

/** Windows `[B, d, h, w, 1]` of templates `[K, D, H, W]`; where only some templates are given, the windows of these. */
export function windowsByWebgpu(
  templates: GpuArray,
  { windows, size, epsilon }: WindowAttributes,
  runtime: GpuRuntime,
): GpuArray {
  const out = runtime.output([windows.length, ...size, 1]);
  const lists = listsOf(windows, { templates, runtime });
  const extremes = extremesOf(templates, { indices: indicesOf(lists) }, runtime);
  for (const { list, first } of lists) {
    const count = list.length * size[0] * size[1] * size[2];
    const header = [...size, ...templates.shape.slice(1), first, count];
    runtime.run({ name: "template_windows", source: windowsSource }, {
      workgroups: workgroupRow(Math.ceil(count / 256), runtime.limits),
      inputs: [templates, extremes],
      outputs: [out],
      integers: [...header, bitsOf(epsilon), 0, 0, 0, ...wordsOf(list)],
    });
  }
  return out;
}

/** Gradient `[K, D, H, W]`. */
export function gradientByWebgpu(
  { dy, templates }: { dy: GpuArray; templates: GpuArray },
  { windows, size, epsilon }: WindowAttributes,
  runtime: GpuRuntime,
): GpuArray {
  const dx = runtime.output(templates.shape);
  const found = listsOf(windows, { templates, runtime });
  const extremes = extremesOf(templates, { indices: indicesOf(found) }, runtime);
  const [count, depth, height, width] = templates.shape;
  const rows = count * depth * height;
  // Templates without a window have a gradient too: 0.
  const lists = found.length > 0 ? found : [{ list: [], first: 0 }];
  lists.forEach(({ list, first }, index) => {
    const flows = flowsOf({ dy, templates, extremes }, { list, first, size, epsilon }, runtime);
    const header = [...size, depth, height, width, first, list.length, rows, Number(index === 0), bitsOf(epsilon)];
    runtime.run({ name: "template_window_gradient", source: gradientSource }, {
      workgroups: workgroupRow(rows, runtime.limits),
      inputs: [templates, extremes, dy, flows],
      outputs: [dx],
      integers: [...header, 0, ...wordsOf(list)],
    });
  });
  return dx;
}

/** Gradients of every window of a list to its template's minimum and maximum: `[windows, 2]`. */
function flowsOf(
  { dy, templates, extremes }: { dy: GpuArray; templates: GpuArray; extremes: GpuArray },
  { list, first, size, epsilon }: {
    list: readonly TemplateWindow[];
    first: number;
    size: WindowAttributes["size"];
    epsilon: number;
  },
  runtime: GpuRuntime,
): GpuArray {
  const { pieces, pieceLength } = piecesOf(size[0] * size[1] * size[2]);
  const partials = runtime.scratch(2 * list.length * pieces);
  const flows = runtime.scratch(Math.max(2, 2 * list.length));
  if (list.length === 0) return flows;
  runtime.run({ name: "template_window_flows", source: flowsSource }, {
    workgroups: [pieces, list.length],
    inputs: [templates, extremes, dy],
    outputs: [partials],
    integers: [...size, ...templates.shape.slice(1), first, pieceLength, bitsOf(epsilon), 0, 0, 0, ...wordsOf(list)],
  });
  sumRows({ x: partials, sums: flows }, { rows: 2 * list.length, term: "values" }, runtime);
  return flows;
}

/** Extremes of some volumes of `[K, …]`: `[K, 4]` as (low, its count, high, its count); undefined for the others. */
export function extremesOf(
  volumes: GpuArray,
  { indices }: { indices: readonly number[] },
  runtime: GpuRuntime,
): GpuArray {
  const [count] = volumes.shape;
  const length = volumes.length / count;
  const { pieces, pieceLength } = piecesOf(length);
  const partials = runtime.scratch(4 * count * pieces);
  const extremes = pieces === 1 ? partials : runtime.scratch(4 * count);
  for (let first = 0; first < indices.length; first += MOST_VOLUMES) {
    const list = indices.slice(first, first + MOST_VOLUMES);
    runtime.run({ name: "extremes_of_values", source: OF_VALUES + extremesSource }, {
      workgroups: [pieces, list.length],
      inputs: [volumes],
      outputs: [partials],
      integers: [length, pieceLength, 0, 0, ...list],
    });
    if (pieces === 1) continue;
    runtime.run({ name: "extremes_of_pieces", source: OF_PIECES + extremesSource }, {
      workgroups: [1, list.length],
      inputs: [partials],
      outputs: [extremes],
      integers: [pieces, pieces, 0, 0, ...list],
    });
  }
  return extremes;
}

/** Windows that a shader takes at once, and the number of the first one among all. */
interface WindowList {
  readonly list: readonly TemplateWindow[];
  readonly first: number;
}

/** The windows of the templates at hand, numbered as these are, in lists of neighbours that fit. */
function listsOf(
  windows: readonly TemplateWindow[],
  { templates: { shape: [count] }, runtime: { firstUnit } }: { templates: GpuArray; runtime: GpuRuntime },
): WindowList[] {
  const lists: { list: TemplateWindow[]; first: number }[] = [];
  windows.forEach(({ template, start }, index) => {
    if (template < firstUnit || template >= firstUnit + count) return;
    const window = { template: template - firstUnit, start };
    const last = lists[lists.length - 1];
    const goesOn = last && last.first + last.list.length === index && last.list.length < MOST_WINDOWS;
    if (goesOn) last.list.push(window);
    else lists.push({ list: [window], first: index });
  });
  return lists;
}

/** Templates that a window names. */
function indicesOf(lists: readonly WindowList[]): number[] {
  return [...new Set(lists.flatMap(({ list }) => list.map(({ template }) => template)))];
}

function piecesOf(length: number): { pieces: number; pieceLength: number } {
  const pieceLength = Math.max(PIECE, Math.ceil(length / MOST_PIECES));
  return { pieces: Math.max(1, Math.ceil(length / pieceLength)), pieceLength };
}

/** Start and template of every window. */
function wordsOf(list: readonly TemplateWindow[]): number[] {
  return list.flatMap(({ start, template }) => [...start, template]);
}

/** A float among integers. */
function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}
