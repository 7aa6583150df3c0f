import { deepEqual, equal, rejects } from "node:assert/strict";
import { SubjectCache } from "../../lib/dataset/subject_cache.ts";
import type { VolumeStack } from "../../lib/geometry.ts";

/** A cache over subjects of 40 bytes (index 9: 400), and the indices it loaded. */
function openCache(maxBytes: number): { cache: SubjectCache; loads: number[] } {
  const loads: number[] = [];
  const load = (index: number): Promise<VolumeStack> => {
    loads.push(index);
    const length = index === 9 ? 50 : 5;
    const channels = [new Float32Array(length), new Float32Array(length)];
    return Promise.resolve({ modalities: ["t1", "t2"], channels, size: [length, 1, 1], affine: [] });
  };
  return { cache: new SubjectCache({ load, maxBytes }), loads };
}

Deno.test("SubjectCache.get() drops the least recently used subject when the bytes run out", async () => {
  const { cache, loads } = openCache(100);
  for (const index of [0, 1, 0, 2, 0, 1]) await cache.get(index);
  deepEqual(loads, [0, 1, 2, 1]);
  equal(cache.bytes, 80);
});

Deno.test("SubjectCache.get() shares one load between simultaneous requests", async () => {
  const { cache, loads } = openCache(100);
  const [first, second, other] = await Promise.all([cache.get(3), cache.get(3), cache.get(4)]);
  deepEqual(loads, [3, 4]);
  equal(first, second);
  equal(first === other, false);
});

Deno.test("SubjectCache.get() returns a subject that is larger than the cache without keeping it", async () => {
  const { cache, loads } = openCache(100);
  for (const index of [1, 9, 9, 1]) await cache.get(index);
  deepEqual(loads, [1, 9, 9]);
  equal(cache.bytes, 40);
});

Deno.test("SubjectCache.get() keeps nothing with no bytes", async () => {
  const { cache, loads } = openCache(0);
  for (const index of [1, 1]) await cache.get(index);
  deepEqual(loads, [1, 1]);
  equal(cache.bytes, 0);
});

Deno.test("SubjectCache.get() tries again after a failed load", async () => {
  let attempts = 0;
  const cache = new SubjectCache({
    load: () => {
      attempts++;
      if (attempts === 1) return Promise.reject(new Error("disk gone"));
      return Promise.resolve({ modalities: [], channels: [], size: [1, 1, 1], affine: [] });
    },
    maxBytes: 10,
  });
  await rejects(cache.get(0), { message: "disk gone" });
  await cache.get(0);
  equal(attempts, 2);
});
