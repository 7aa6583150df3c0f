/** The choice of the tile. */
import assert from "node:assert/strict";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { compileKernels, instantiateKernels } from "../../../lib/tensor/simd/kernels.ts";
import { wideTileGain } from "../../../lib/tensor/simd/tile_speed.ts";

Deno.test("wideTileGain() tries both tiles, and gives its memory back", async () => {
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
  const heap = new Heap(memory, 4096);
  const kernels = instantiateKernels(await compileKernels(), { memory, scratch: heap.allocate(4_194_304).pointer });
  const { usedBytes } = heap.use;
  const tried = new Set<number>();
  const spied = { ...kernels, setWideTiles: (wide: number) => (tried.add(wide), kernels.setWideTiles(wide)) };
  assert.ok(wideTileGain(spied, heap) > 0);
  assert.deepEqual([...tried].sort(), [0, 1]);
  assert.equal(heap.use.usedBytes, usedBytes);
});
