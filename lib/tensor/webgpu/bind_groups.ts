/** Groups of bindings, made once for every list of buffers: a training step binds the same ones in the same order. */
import type { ParameterBlock } from "./parameters.ts";

/** Groups that are kept; an official training step has about a third as many. */
const CAPACITY = 8192;

/** Bindings of the parameters and of the arrays of a dispatch, which buffers from a pool make the same again and again. */
export class BindGroups {
  readonly #device: GPUDevice;
  readonly #parameters: ParameterBlock;
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #numbers = new WeakMap<object, number>();
  #lastNumber = 0;
  #made = 0;

  /** Groups whose first binding is the block of parameters. */
  constructor(device: GPUDevice, parameters: ParameterBlock) {
    this.#device = device;
    this.#parameters = parameters;
  }

  /** Number of groups that were made. */
  get made(): number {
    return this.#made;
  }

  /** The group that binds buffers, or windows of them, behind the parameters. */
  take(layout: GPUBindGroupLayout, bindings: readonly GPUBufferBinding[]): GPUBindGroup {
    let key = String(this.#numberOf(layout));
    for (const { buffer, offset, size } of bindings) {
      key += size === undefined ? `,${this.#numberOf(buffer)}` : `,${this.#numberOf(buffer)}@${offset}+${size}`;
    }
    const known = this.#groups.get(key);
    if (known) return known;
    const { buffer, slotBytes } = this.#parameters;
    const group = this.#device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer, size: slotBytes } },
        ...bindings.map((resource, i) => ({ binding: 1 + i, resource })),
      ],
    });
    this.#made++;
    // The oldest goes first: one that is still in use is made anew once in a long while.
    if (this.#groups.size === CAPACITY) this.#groups.delete(this.#groups.keys().next().value!);
    this.#groups.set(key, group);
    return group;
  }

  #numberOf(object: object): number {
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    this.#numbers.set(object, ++this.#lastNumber);
    return this.#lastNumber;
  }
}
