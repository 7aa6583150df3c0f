import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { parseSubjectMetadata, PreparedSubject } from "../../../lib/dataset/prepared/subject.ts";
import { useZstd } from "../../../lib/dataset/prepared/subject.ts";
import { zstdCompress, zstdDecompress } from "../../../lib/host/mod.ts";
import { countedStack, memoryStore } from "./_memory_store.ts";

Deno.test("PreparedSubject.readCrop() reads any crop to the bit and leaves what lies outside alone", async () => {
  const stack = countedStack([70, 40, 34]);
  const subject = await PreparedSubject.open(memoryStore(stack));
  deepEqual(subject.size, [70, 40, 34]);
  const regions = [
    { start: [0, 0, 0], cropSize: [70, 40, 34] },
    { start: [31, 32, 1], cropSize: [3, 2, 33] },
    { start: [-2, 38, -1], cropSize: [5, 4, 40] },
    { start: [69, 39, 33], cropSize: [1, 1, 1] },
    { start: [70, 0, 0], cropSize: [2, 2, 2] },
  ] as const;
  for (const { start, cropSize } of regions) {
    const out = new Float32Array(cropSize[0] * cropSize[1] * cropSize[2]).fill(-7);
    await subject.readCrop(1, { start, cropSize }, out);
    const expected = Float32Array.from(out, (_, i) => {
      const x = start[0] + i % cropSize[0];
      const y = start[1] + Math.floor(i / cropSize[0]) % cropSize[1];
      const z = start[2] + Math.floor(i / (cropSize[0] * cropSize[1]));
      const isInside = x >= 0 && y >= 0 && z >= 0 && x < 70 && y < 40 && z < 34;
      return isInside ? stack.channels[1][x + 70 * (y + 40 * z)] : -7;
    });
    deepEqual(out, expected);
  }
});

Deno.test("PreparedSubject.readCrop() reads the chunks under the crop and no others", async () => {
  const store = memoryStore(countedStack([100, 70, 70]));
  const subject = await PreparedSubject.open(store);
  equal(store.ranges.length, 0);
  await subject.readCrop(0, { start: [70, 40, 40], cropSize: [20, 20, 20] }, new Float32Array(8000));
  // The index, and one chunk.
  equal(store.ranges.length, 2);
  await subject.readCrop(0, { start: [60, 40, 40], cropSize: [20, 20, 20] }, new Float32Array(8000));
  equal(store.ranges.length, 4);
  // A chunk of zeros is not in the file.
  await subject.readCrop(0, { start: [0, 0, 0], cropSize: [20, 20, 20] }, new Float32Array(8000));
  equal(store.ranges.length, 4);
});

Deno.test("PreparedSubject.readLabel() gives the whole label, or null without one", async () => {
  const stack = countedStack([33, 3, 2], ["t1"]);
  const label = Uint8Array.from({ length: 198 }, (_, i) => i % 4);
  const labelled = await PreparedSubject.open(memoryStore({ ...stack, label }));
  ok(labelled.hasLabel);
  deepEqual(await labelled.readLabel(), label);
  const plain = await PreparedSubject.open(memoryStore(stack));
  equal(await plain.readLabel(), null);
});

Deno.test("PreparedSubject names a subject that is not there, cut off, damaged or without its voxels", async () => {
  const key = "/image/c/0/0/0/0";
  const sound = memoryStore(countedStack([40, 3, 2]), { id: "sub-1" }).files.get(key)!;
  const flipped = sound.slice();
  flipped[sound.length - 9] ^= 1;
  const cases: [Uint8Array | undefined, string][] = [
    [sound.subarray(0, 50), `50 bytes where ${key} has 68`],
    [sound.subarray(0, 90), `a damaged index in ${key}`],
    [flipped, `a damaged index in ${key}`],
    [undefined, `no bytes where ${key} has 68`],
    [sound.subarray(-68), `68 bytes where ${key} has 131084`],
  ];
  for (const [bytes, got] of cases) {
    const store = memoryStore(countedStack([40, 3, 2]), { id: "sub-1" });
    if (bytes === undefined) store.files.delete(key);
    else store.files.set(key, bytes);
    const subject = await PreparedSubject.open(store);
    const reading = subject.readCrop(0, { start: [34, 0, 0], cropSize: [2, 2, 2] }, new Float32Array(8));
    await rejects(reading, {
      name: "VolumeError",
      message: `Cannot read sub-1: expected a sound prepared subject, got ${got}`,
    });
  }
  const empty = memoryStore(countedStack([4, 3, 2]), { id: "sub-1" });
  empty.files.delete("/zarr.json");
  await rejects(PreparedSubject.open(empty), {
    message: "Cannot read sub-1: expected a prepared subject, found no zarr.json",
  });
});

Deno.test("parseSubjectMetadata() rejects what is no subject's", () => {
  for (const text of ["{", '{"attributes": {"id": 3}}']) {
    throws(() => parseSubjectMetadata(text, "a"), {
      name: "VolumeError",
      message: /^Cannot read a: expected the zarr.json of a prepared subject, got /,
    });
  }
});

Deno.test("useZstd() lets a host's library read the chunks", async () => {
  const stack = countedStack([40, 35, 34]);
  const sizes: number[] = [];
  useZstd((bytes) => {
    sizes.push(bytes.length);
    return zstdDecompress(bytes);
  });
  const subject = await PreparedSubject.open(memoryStore(stack, { compress: zstdCompress }));
  const out = new Float32Array(40 * 35 * 34);
  await subject.readCrop(1, { start: [0, 0, 0], cropSize: stack.size }, out);
  deepEqual(out, stack.channels[1]);
  equal(sizes.length, 7);
});
