import { deepEqual, equal, throws } from "node:assert/strict";
import { gunzip, zstdCompress, zstdDecompress } from "../../lib/host/compression.ts";
import { gzip } from "../dataset/_nifti_file.ts";

const BYTES = Uint8Array.from({ length: 70000 }, (_, i) => i * i % 251);

Deno.test("gunzip() inflates up to the bytes that were expected and refuses more, and damage", async () => {
  const packed = await gzip(BYTES);
  deepEqual(new Uint8Array(gunzip(packed, BYTES.length)), BYTES);
  deepEqual(new Uint8Array(gunzip(packed, BYTES.length + 9)), BYTES);
  throws(() => gunzip(packed, BYTES.length - 1));
  for (const missing of [1, 4, 8, 200]) throws(() => gunzip(packed.slice(0, -missing), BYTES.length));
  const damaged = packed.slice();
  damaged[packed.length - 8] ^= 1;
  throws(() => gunzip(damaged, BYTES.length));
});

Deno.test("zstdDecompress() undoes zstdCompress(), and its result may be read as any type", () => {
  for (const length of [0, 1, 8, 1000, 70000]) {
    const packed = zstdCompress(BYTES.subarray(0, length));
    deepEqual([...packed.subarray(0, 4)], [0x28, 0xb5, 0x2f, 0xfd]);
    const content = zstdDecompress(packed);
    deepEqual(content, BYTES.slice(0, length));
    equal(content.byteOffset, 0);
    equal(content.buffer.byteLength, length);
  }
  throws(() => zstdDecompress(BYTES));
  const damaged = zstdCompress(BYTES).slice();
  damaged[damaged.length - 1] ^= 1;
  throws(() => zstdDecompress(damaged));
});
