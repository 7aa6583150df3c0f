/** The heap as a cache of tensors' values. */
import assert from "node:assert/strict";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { TensorStore } from "../../../lib/tensor/simd/store.ts";
import type { StoredValues } from "../../../lib/tensor/simd/store.ts";

const MIB = 2 ** 20;

/** A store with room for three tensors of {@linkcode tensorOf}. */
function openStore(): TensorStore {
  return new TensorStore(
    new Heap(new WebAssembly.Memory({ initial: 1, maximum: 64, shared: true }), 0, { limitBytes: 3.5 * MIB }),
  );
}

/** A tensor of 1 MiB that holds one value. */
function tensorOf(value: number): StoredValues {
  return { values: new Float32Array(MIB / 4).fill(value) };
}

/** Brings tensors in one after the other, as kernels would that read one each. */
function use(store: TensorStore, ...tensors: StoredValues[]): void {
  for (const tensor of tensors) store.pin(tensor), store.unpin(tensor);
}

function isIn({ block }: StoredValues): boolean {
  return block !== undefined;
}

Deno.test("pin() brings values into the heap, and when it is full sends out what was used longest ago", () => {
  const store = openStore();
  const tensors = [1, 2, 3, 4].map(tensorOf);
  const [a, b, c, d] = tensors;
  use(store, a, b, c, a, d);
  assert.deepEqual(tensors.map(isIn), [true, false, true, true]);
  assert.deepEqual(tensors.map(({ values }) => values[77]), [1, 2, 3, 4]);
  use(store, b);
  assert.deepEqual(tensors.map(isIn), [true, true, false, true]);
  assert.deepEqual(tensors.map(({ values }) => values[77]), [1, 2, 3, 4]);
});

Deno.test("use counts what lies outside, and copies in both directions", () => {
  const store = openStore();
  const tensors = [1, 2, 3, 4, 5].map(tensorOf);
  use(store, ...tensors);
  assert.equal(store.use.spilledBytes, 2 * MIB);
  use(store, tensors[0]);
  const { spilledBytes, spills, returns } = store.use;
  assert.deepEqual({ spilledBytes, spills, returns }, {
    spilledBytes: 2 * MIB,
    spills: { count: 3, bytes: 3 * MIB },
    returns: { count: 1, bytes: MIB },
  });
  tensors.forEach((tensor) => store.drop(tensor));
  assert.deepEqual([store.use.spilledBytes, store.use.usedBytes], [0, 0]);
});

Deno.test("pinned values stay, and an allocation that would need them throws and leaves the store usable", () => {
  const store = openStore();
  const [a, b, c] = [1, 2, 3].map(tensorOf);
  store.pin(a), store.pin(b), use(store, c);
  const { usedBytes } = store.use;
  assert.throws(() => store.allocate(2 * MIB), {
    name: "RangeError",
    message: `Cannot allocate 2097152 bytes: expected at most 3.5 MiB of tensors, ${usedBytes - MIB - 64} are in use`,
  });
  assert.deepEqual([a, b, c].map(isIn), [true, true, false]);
  store.unpin(a), store.unpin(b);
  store.release(store.allocate(2 * MIB));
  assert.deepEqual([a, b, c].map(({ values }) => values[5]), [1, 2, 3]);
});

Deno.test("an allocation over the limit sends nothing out", () => {
  const store = openStore();
  const tensor = tensorOf(1);
  use(store, tensor);
  assert.throws(() => store.allocate(5_000_000_000), {
    name: "RangeError",
    message: /^Cannot allocate 5000000000 bytes/,
  });
  assert.ok(isIn(tensor));
});

Deno.test("small tensors go out after the large ones", () => {
  const store = openStore();
  const small = { values: Float32Array.of(7) } as StoredValues;
  use(store, small, ...[1, 2, 3, 4].map(tensorOf));
  assert.ok(isIn(small));
  store.release(store.allocate(3.4 * MIB));
  assert.ok(!isIn(small));
  assert.deepEqual([...small.values], [7]);
});

Deno.test("drop() of what lies outside lets its array serve the next spill", () => {
  const store = openStore();
  const tensors = [1, 2, 3, 4].map(tensorOf);
  use(store, ...tensors);
  const { values } = tensors[0];
  store.drop(tensors[0]);
  use(store, tensorOf(5));
  assert.equal(tensors[1].values, values);
  assert.equal(values[9], 2);
});

Deno.test("poison fills new blocks and their slack with NaN", () => {
  const store = openStore();
  store.release(store.allocate(100));
  store.poison = true;
  const { pointer, byteLength } = store.allocate(100);
  assert.deepEqual([...store.view({ pointer, byteLength: byteLength + 64 })], Array(41).fill(NaN));
});
