/** Named parameters and buffers of a model, with the way each is laid out in the official state dict. */
import { formatShape } from "../errors.ts";
import { sizeOf, tf } from "../tensor/mod.ts";
import type { Variable } from "../tensor/mod.ts";
import type { Initializer } from "./initializers.ts";

/** How a parameter lies in memory here and in the official state dict. */
export interface ParameterLayout {
  /** Shape here. */
  readonly shape: readonly number[];
  /** Shape in the official state dict (PyTorch order, official axes). */
  readonly officialShape: readonly number[];
  /** Official axes in our order: ours = reshape(transpose(official, permutation), shape). */
  readonly permutation: readonly number[];
}

/** A tensor of the model's state, without its values. */
export interface ParameterDescription extends ParameterLayout {
  /** Official name, e.g. `encoder.uniformer.blocks1.0.conv1.weight`. */
  readonly name: string;
  /** False for buffers such as running statistics, and for parameters of no use. */
  readonly trainable: boolean;
  /** True for parameters that the official state dict holds although no pass of this model uses them. */
  readonly unused?: boolean;
}

/** A tensor of the model's state. */
export interface Parameter extends ParameterDescription {
  readonly variable: Variable;
}

/** Layout of a vector or scalar: the same on both sides. */
export function sameLayout(shape: readonly number[]): ParameterLayout {
  return { shape, officialShape: shape, permutation: shape.map((_, axis) => axis) };
}

/** How a scope makes parameters. */
export interface ScopeOptions {
  readonly seed: number;
  /** Names and layouts only: no values are drawn, and the layers built of them cannot be applied. */
  readonly describeOnly?: boolean;
}

/** Stands where a variable would: layers are only built of it, never applied. */
const NO_VARIABLE = undefined as unknown as Variable;

/** Collects parameters under a name prefix while a model is built. */
export class Scope {
  readonly #parameters: Map<string, Parameter>;
  readonly #prefix: string;
  readonly #options: ScopeOptions;
  readonly #unused: boolean;

  /** A root scope; all values are drawn from streams of the seed and the parameter's name. */
  constructor(
    options: ScopeOptions,
    parent?: { parameters: Map<string, Parameter>; prefix: string; unused: boolean },
  ) {
    this.#options = options;
    this.#parameters = parent?.parameters ?? new Map();
    this.#prefix = parent?.prefix ?? "";
    this.#unused = parent?.unused ?? false;
  }

  /** A scope for a part of the model. */
  child(name: string | number): Scope {
    return this.#derive({ prefix: `${this.#prefix}${name}.` });
  }

  /** The same scope for parts that no pass uses: their parameters are saved but not trained. */
  unused(): Scope {
    return this.#derive({ unused: true });
  }

  /** Adds a parameter, trainable unless the scope is of no use. */
  parameter(name: string, layout: ParameterLayout, initialize: Initializer): Variable {
    const kind = this.#unused ? { trainable: false, unused: true } : { trainable: true };
    return this.#add(name, { layout, initialize, kind });
  }

  /** Adds a buffer: state that is saved but not trained. */
  buffer(name: string, layout: ParameterLayout, initialize: Initializer): Variable {
    return this.#add(name, { layout, initialize, kind: { trainable: false } });
  }

  /** All parameters and buffers in the order in which they were added. */
  list(): Parameter[] {
    return [...this.#parameters.values()];
  }

  #derive({ prefix = this.#prefix, unused = this.#unused }: { prefix?: string; unused?: boolean }): Scope {
    return new Scope(this.#options, { parameters: this.#parameters, prefix, unused });
  }

  #add(
    localName: string,
    { layout, initialize, kind }: {
      layout: ParameterLayout;
      initialize: Initializer;
      kind: Pick<Parameter, "trainable" | "unused">;
    },
  ): Variable {
    const name = this.#prefix + localName;
    if (this.#parameters.has(name)) throw new RangeError(`Cannot add parameter "${name}": the name is taken`);
    const { seed, describeOnly } = this.#options;
    const variable = describeOnly ? NO_VARIABLE : tf.tidy(() => {
      const values = toOurLayout(initialize({ shape: layout.officialShape, seed, name }), layout);
      return tf.variable(tf.tensor(values, [...layout.shape]), kind.trainable);
    });
    this.#parameters.set(name, { name, variable, ...kind, ...layout });
    return variable;
  }
}

/** Values in the official memory order → in ours. */
export function toOurLayout(values: Float32Array, layout: ParameterLayout): Float32Array {
  return transpose(values, layout.officialShape, layout.permutation);
}

/** Values in our memory order → in the official one. */
export function toOfficialLayout(values: Float32Array, layout: ParameterLayout): Float32Array {
  const { officialShape, permutation } = layout;
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
  return transpose(values, permutation.map((axis) => officialShape[axis]), inverse);
}

function transpose(values: Float32Array, shape: readonly number[], permutation: readonly number[]): Float32Array {
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(
      `Cannot transpose values: expected ${sizeOf(shape)} for ${formatShape(shape)}, got ${values.length}`,
    );
  }
  if (permutation.every((axis, i) => axis === i)) return values;
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const sizes = permutation.map((axis) => shape[axis]);
  const steps = permutation.map((axis) => strides[axis]);
  const result = new Float32Array(values.length);
  const index = sizes.map(() => 0);
  for (let to = 0, from = 0; to < result.length; to++) {
    result[to] = values[from];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return result;
}
