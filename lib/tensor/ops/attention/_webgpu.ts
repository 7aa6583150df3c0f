/** Self-attention on the GPU: scores live in registers, a tile of them at a time. */
import type { GpuProgram } from "../../webgpu/programs.ts";
import { workgroupRow } from "../../webgpu/runtime.ts";
import type { GpuArray, GpuRuntime } from "../../webgpu/runtime.ts";
import centresSource from "./centres.wgsl" with { type: "text" };
import forwardRegisters from "./forward_registers.wgsl" with { type: "text" };
import forwardTiled from "./forward_tiled.wgsl" with { type: "text" };
import gradientMemory from "./gradient_memory.wgsl" with { type: "text" };
import keyGradientRegisters from "./key_gradient_registers.wgsl" with { type: "text" };
import keyGradientTiled from "./key_gradient_tiled.wgsl" with { type: "text" };
import memory from "./memory.wgsl" with { type: "text" };
import queryGradientRegisters from "./query_gradient_registers.wgsl" with { type: "text" };
import queryGradientTiled from "./query_gradient_tiled.wgsl" with { type: "text" };
import registers from "./registers.wgsl" with { type: "text" };
import tiles from "./tiles.wgsl" with { type: "text" };
import values from "./values.wgsl" with { type: "text" };
import vectors from "./vectors.wgsl" with { type: "text" };

interface Heads {
  readonly heads: number;
  readonly scale: number;
}

/** Channels of a head that tiles in workgroup memory have room for. */
const WIDEST_TILE = 64;
/** Vectors of sums that a workgroup's memory holds on every adapter. */
const MOST_SUMS = 1024;

/** Output `[B, N, E]`, and for the backward pass the logarithm of every query's sum of exponentials `[B, heads, N]`. */
export function attendByWebgpu(qkv: GpuArray, { heads, scale }: Heads, runtime: GpuRuntime): GpuArray[] {
  const [batch, tokens, e3] = qkv.shape;
  const output = runtime.activation([batch, tokens, e3 / 3]);
  const statistics = runtime.output([batch, heads, tokens]);
  const kernel = kernelFor({ name: "attention", width: e3 / 3 / heads }, runtime);
  runtime.run(kernel.program([], { tiled: forwardTiled, registers: forwardRegisters }), {
    workgroups: [Math.ceil(tokens / kernel.rows), heads, batch],
    inputs: [qkv, qkv],
    outputs: [output, statistics],
    integers: [tokens, heads],
    floats: [scale],
  });
  return [output, statistics];
}

/** Gradient `[B, N, 3·E]`. */
export function attentionGradientByWebgpu(
  { dy, qkv, output, statistics }: { dy: GpuArray; qkv: GpuArray; output: GpuArray; statistics: GpuArray },
  { heads, scale }: Heads,
  runtime: GpuRuntime,
): GpuArray {
  const [batch, tokens, e3] = qkv.shape;
  const width = e3 / 3 / heads;
  const centres = runtime.scratch(batch * heads * tokens);
  runtime.run({ name: `attention_centres/${width}`, source: widthOf(width) + centresSource }, {
    workgroups: workgroupRow(Math.ceil(centres.length / 64), runtime.limits),
    inputs: [output, dy],
    outputs: [centres],
    integers: [tokens, heads, centres.length],
  });
  const dQkv = runtime.activation(qkv.shape);
  const parts = [
    { name: "attention_key_gradient", tiled: keyGradientTiled, registers: keyGradientRegisters, registerPasses: 2 },
    {
      name: "attention_query_gradient",
      tiled: queryGradientTiled,
      registers: queryGradientRegisters,
      registerPasses: 1,
    },
  ];
  for (const { name, registerPasses, ...sources } of parts) {
    const kernel = kernelFor({ name, width }, runtime);
    const samples = kernel.isTiled ? batch : registerPasses * batch;
    runtime.run(kernel.program([gradientMemory], sources), {
      workgroups: [Math.ceil(tokens / kernel.rows), heads, samples],
      inputs: [qkv, dy, statistics, centres],
      outputs: [dQkv],
      integers: [tokens, heads],
      floats: [scale],
    });
  }
  return dQkv;
}

interface Kernel {
  readonly isTiled: boolean;
  /** Tokens of a workgroup. */
  readonly rows: number;
  program(before: readonly string[], sources: { tiled: string; registers: string }): GpuProgram;
}

/** The kind of kernel that suits the adapter and the size of the heads. */
function kernelFor({ name, width }: { name: string; width: number }, { isSoftware }: GpuRuntime): Kernel {
  const isTiled = !isSoftware && width <= WIDEST_TILE;
  const storage = isTiled && width % 4 === 0 ? vectors : values;
  const lanes = Math.min(8, Math.floor(MOST_SUMS / width));
  if (lanes === 0) {
    throw new RangeError(`Cannot apply selfAttention: expected heads of at most ${MOST_SUMS} channels, got ${width}`);
  }
  return {
    isTiled,
    rows: isTiled ? 64 : 4 * lanes,
    program: (before, sources) => ({
      name: `${name}/${isTiled ? "tiled" : "registers"}/${width}`,
      source: [
        widthOf(width),
        storage,
        memory,
        ...before,
        ...(isTiled ? [tiles, sources.tiled] : [`const LANES = ${lanes}u;`, registers, sources.registers]),
      ].join("\n"),
    }),
  };
}

/** The channels of a head, which arrays of fixed length need as a constant. */
function widthOf(width: number): string {
  return `const WIDTH = ${width}u;\n`;
}
