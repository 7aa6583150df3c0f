/** Threads that run kernels together. */
import assert from "node:assert/strict";
import process from "node:process";
import { randomStream } from "../../../lib/random.ts";
import { Heap } from "../../../lib/tensor/simd/heap.ts";
import { Pool } from "../../../lib/tensor/simd/pool.ts";

const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
const heap = new Heap(memory, 4096);
const pools = await Promise.all([1, 2, 4].map((threads) => Pool.open(heap, threads)));

Deno.test("run() gives the same bits on one, two and four threads", () => {
  const length = 100_003;
  const [x, y] = [0, 1].map(() => heap.allocate(4 * length));
  const random = randomStream(1, "pool");
  heap.view(x).forEach((_, i, values) => values[i] = 3 * random.normal());
  const results = pools.map((pool) => {
    heap.view(y).fill(NaN);
    pool.run("geluForward", { units: length, grain: 1024 }, [x.pointer, y.pointer]);
    return heap.view(y).slice();
  });
  assert.ok(results[0].every((value) => Number.isFinite(value)));
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
  [x, y].forEach((block) => heap.release(block));
});

Deno.test("run() refuses a kernel that the module does not have, and does nothing for no units", () => {
  for (const pool of pools) {
    assert.throws(() => pool.run("nothing", { units: 1, grain: 1 }, []), {
      name: "RangeError",
      message: 'Cannot run kernel "nothing": the module has none',
    });
    pool.run("geluForward", { units: 0, grain: 1 }, [0, 0]);
  }
});

Deno.test("a pool says how many threads it has and how wide their vectors are", () => {
  assert.deepEqual(pools.map(({ threads }) => threads), [1, 2, 4]);
  for (const { vectorBits } of pools) assert.ok([128, 256].includes(vectorBits));
});

Deno.test("Pool.open() goes on with one thread where workers cannot be started", async () => {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = (() => ({
    Worker: class {
      constructor() {
        throw new TypeError("no threads here");
      }
    },
  })) as unknown as typeof getBuiltinModule;
  try {
    const pool = await Pool.open(heap, 3);
    assert.equal(pool.threads, 1);
    const block = heap.allocate(4 * 100);
    pool.run("geluForward", { units: 100, grain: 4 }, [block.pointer, block.pointer]);
    heap.release(block);
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
});

Deno.test("1000 small calls on two threads all run to their end", () => {
  const block = heap.allocate(4 * 256);
  heap.view(block).fill(1);
  for (let call = 0; call < 1000; call++) {
    pools[1].run("sumSlices", { units: 1, grain: 1 }, [block.pointer, block.pointer, 1, 256, 256]);
    pools[1].run("geluForward", { units: 256, grain: 4 }, [block.pointer, block.pointer]);
    heap.view(block).fill(1);
  }
  heap.release(block);
});
