/** Compiled shaders, one pipeline per source, constants and precision of the arrays. */
import { withHalfArrays } from "./half.ts";
import { unroll } from "./unroll.ts";

/** The arrays that a program is called with. */
export interface ProgramArrays {
  readonly inputs: number;
  readonly outputs: number;
  /** Those in half precision, counted through inputs and outputs from 0. */
  readonly halves?: readonly number[];
}

/** A compute shader. */
export interface GpuProgram {
  /** Name for messages and traces. */
  readonly name: string;
  /**
   * WGSL with one entry point. Group 0: binding 0 is the uniform block of parameters, then the inputs as read-only
   * storage, then the outputs as storage, in the order in which a call lists them. Loops marked `// unroll` are written
   * out; see unroll.ts.
   */
  readonly source: string;
  /** Values of the source's `override` declarations. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A pipeline with the layout of its bindings. */
export interface CompiledProgram {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles each shader once. */
export class Programs {
  readonly #device: GPUDevice;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #compiled = new Map<string, CompiledProgram>();

  /** An empty cache. */
  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Number of pipelines so far. */
  get size(): number {
    return this.#compiled.size;
  }

  /** The pipeline of a program that is called with such arrays. */
  compile(program: GpuProgram, { inputs, outputs, halves = [] }: ProgramArrays): CompiledProgram {
    const { name, source, constants = {} } = program;
    const key = `${name}/${inputs}/${outputs}/${halves}/${JSON.stringify(constants)}`;
    const known = this.#compiled.get(key);
    if (known) return known;
    const layout = this.#layout({ inputs, outputs });
    const code = withHalfArrays(unroll(source), halves.map((index) => 1 + index));
    const module = this.#device.createShaderModule({ label: name, code });
    const pipeline = this.#device.createComputePipeline({
      label: name,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, constants: { ...constants } },
    });
    const compiled = { pipeline, layout };
    this.#compiled.set(key, compiled);
    return compiled;
  }

  #layout({ inputs, outputs }: { inputs: number; outputs: number }): GPUBindGroupLayout {
    const key = `${inputs}/${outputs}`;
    const known = this.#layouts.get(key);
    if (known) return known;
    const storage = (type: GPUBufferBindingType, index: number): GPUBindGroupLayoutEntry => {
      return { binding: 1 + index, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
    };
    const layout = this.#device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true } },
        ...Array.from({ length: inputs }, (_, i) => storage("read-only-storage", i)),
        ...Array.from({ length: outputs }, (_, i) => storage("storage", inputs + i)),
      ],
    });
    this.#layouts.set(key, layout);
    return layout;
  }
}
