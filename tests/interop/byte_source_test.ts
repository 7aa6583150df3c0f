import assert from "node:assert/strict";
import { blobSource, bytesSource } from "../../lib/interop/mod.ts";

const BYTES = Uint8Array.of(1, 2, 3, 4, 5);

for (
  const [name, source] of [["bytesSource()", bytesSource(BYTES)], [
    "blobSource()",
    blobSource(new Blob([BYTES])),
  ]] as const
) {
  Deno.test(`${name} reads any range and refuses one beyond its end`, async () => {
    assert.equal(source.size, 5);
    assert.deepEqual(await source.read(1, 3), Uint8Array.of(2, 3, 4));
    assert.deepEqual(await source.read(5, 0), new Uint8Array(0));
    await assert.rejects(source.read(3, 3), {
      name: "RangeError",
      message: "Cannot read bytes: expected a range up to byte 5, got 3 to 6",
    });
  });
}
