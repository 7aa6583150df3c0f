/** ONNX graphs: nodes, weights and typed inputs, written as a model file. */
import { formatShape } from "../../errors.ts";
import { floatField, intField, messageField, type Pieces, textField } from "./protobuf.ts";

/** The name of a value in a graph: an input, a weight, or what a node gives. */
export type ValueName = string;

/** An attribute of a node; numbers are integers unless wrapped as `{ float }`. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** A float32 input or output: an axis is a size, or a name where it is free. */
export interface PortShape {
  readonly name: ValueName;
  readonly axes: readonly (number | string)[];
}

/** What the file says about itself. */
export interface ModelText {
  /** Name of the graph. */
  readonly name: string;
  /** What the model is, and how its axes are meant. */
  readonly description: string;
  /** Free text by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The operator set: the first with LayerNormalization, read by every runtime since 2022. */
const OPSET = 17;
/** The file format that came with it. */
const IR_VERSION = 8;
const PRODUCER = "BrainMVP for Deno";

// Numbers of onnx.proto: element types of tensors and kinds of attributes.
const FLOAT = 1, INT64 = 7;
const ATTRIBUTE_FLOAT = 1, ATTRIBUTE_INT = 2, ATTRIBUTE_INTS = 7;

/**
 * A graph under construction.
 *
 * Nodes are added in the order in which they run; each addition returns the name of the value it gives.
 *
 * @see https://github.com/onnx/onnx/blob/main/docs/IR.md
 */
export class OnnxGraph {
  readonly #nodes: Pieces[] = [];
  readonly #initializers = new Map<ValueName, Pieces>();
  readonly #inputs: Pieces[] = [];
  readonly #outputs: Pieces[] = [];

  /** Declares an input. */
  input(port: PortShape): ValueName {
    this.#inputs.push(describePort(port));
    return port.name;
  }

  /** Adds a node with one output and names its kind: `Conv`, `Relu`, … */
  node(
    kind: string,
    inputs: readonly ValueName[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): ValueName {
    return this.nodes(kind, inputs, { outputs: 1, attributes })[0];
  }

  /** Adds a node with several outputs. */
  nodes(
    kind: string,
    inputs: readonly ValueName[],
    { outputs, attributes }: { outputs: number; attributes: Readonly<Record<string, Attribute>> },
  ): ValueName[] {
    const name = `${kind}_${this.#nodes.length}`;
    const names = outputs === 1 ? [name] : Array.from({ length: outputs }, (_, i) => `${name}.${i}`);
    this.#addNode({ kind, name, inputs, outputs: names, attributes });
    return names;
  }

  /**
   * Adds float32 values under a name; the same name again is the same weight.
   *
   * @throws {RangeError} when the values do not fill the shape
   */
  weight(name: string, { shape, data }: { shape: readonly number[]; data: Float32Array }): ValueName {
    if (shape.reduce((count, size) => count * size, 1) !== data.length) {
      throw new RangeError(
        `Cannot add weight "${name}": expected the elements of shape ${formatShape(shape)}, got ${data.length}`,
      );
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return this.#addInitializer(name, { type: FLOAT, shape, bytes });
  }

  /** Adds a float32 scalar; equal ones are added once. */
  scalar(value: number): ValueName {
    return this.weight(`scalar_${value}`, { shape: [], data: Float32Array.of(value) });
  }

  /** Adds a list of 64-bit integers, such as a shape; equal ones are added once. */
  integers(values: readonly number[]): ValueName {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#addInitializer(`integers_${values.join("_")}`, { type: INT64, shape: [values.length], bytes });
  }

  /** Makes a value an output, under the port's name. */
  output(value: ValueName, port: PortShape): void {
    this.#addNode({ kind: "Identity", name: port.name, inputs: [value], outputs: [port.name], attributes: {} });
    this.#outputs.push(describePort(port));
  }

  /** The whole file, in pieces to be written one after another; weights are views, not copies. */
  encode({ name, description, metadata }: ModelText): Uint8Array[] {
    const graph = [
      ...this.#nodes.flatMap((node) => messageField(1, node)),
      ...textField(2, name),
      ...[...this.#initializers.values()].flatMap((tensor) => messageField(5, tensor)),
      ...this.#inputs.flatMap((port) => messageField(11, port)),
      ...this.#outputs.flatMap((port) => messageField(12, port)),
    ];
    const entries = Object.entries(metadata).flatMap(([key, value]) =>
      messageField(14, [...textField(1, key), ...textField(2, value)])
    );
    return [
      ...intField(1, IR_VERSION),
      ...textField(2, PRODUCER),
      ...textField(6, description),
      ...messageField(7, graph),
      ...messageField(8, [...textField(1, ""), ...intField(2, OPSET)]),
      ...entries,
    ];
  }

  #addNode({ kind, name, inputs, outputs, attributes }: {
    kind: string;
    name: string;
    inputs: readonly ValueName[];
    outputs: readonly ValueName[];
    attributes: Readonly<Record<string, Attribute>>;
  }): void {
    this.#nodes.push([
      ...inputs.flatMap((input) => textField(1, input)),
      ...outputs.flatMap((output) => textField(2, output)),
      ...textField(3, name),
      ...textField(4, kind),
      ...Object.entries(attributes).flatMap(([key, value]) => messageField(5, encodeAttribute(key, value))),
    ]);
  }

  #addInitializer(
    name: ValueName,
    { type, shape, bytes }: { type: number; shape: readonly number[]; bytes: Uint8Array },
  ): ValueName {
    this.#initializers.set(name, [
      ...shape.flatMap((size) => intField(1, size)),
      ...intField(2, type),
      ...textField(8, name),
      ...messageField(9, [bytes]),
    ]);
    return name;
  }
}

function encodeAttribute(name: string, value: Attribute): Pieces {
  const head = textField(1, name);
  if (typeof value === "number") return [...head, ...intField(3, value), ...intField(20, ATTRIBUTE_INT)];
  if ("float" in value) return [...head, ...floatField(2, value.float), ...intField(20, ATTRIBUTE_FLOAT)];
  return [...head, ...value.flatMap((item) => intField(8, item)), ...intField(20, ATTRIBUTE_INTS)];
}

function describePort({ name, axes }: PortShape): Pieces {
  const shape = axes.flatMap((axis) =>
    messageField(1, typeof axis === "number" ? intField(1, axis) : textField(2, axis))
  );
  const tensorType = messageField(1, [...intField(1, FLOAT), ...messageField(2, shape)]);
  return [...textField(1, name), ...messageField(2, tensorType)];
}
