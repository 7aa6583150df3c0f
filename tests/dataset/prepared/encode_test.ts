import { deepEqual, equal, ok } from "node:assert/strict";
import { get, open, root, slice } from "zarrita";
import { crc32c } from "../../../lib/dataset/prepared/_crc32c.ts";
import { encodeSubject, subjectMetadata } from "../../../lib/dataset/prepared/encode.ts";
import { countedStack, memoryStore } from "./_memory_store.ts";

Deno.test("crc32c() gives the check value of the polynomial's definition", () => {
  equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
});

Deno.test("encodeSubject() writes an array that zarrita reads by itself, whatever it is stored as", async () => {
  const stack = countedStack([40, 35, 34]);
  for (const storage of ["float32", "float16", "uint8"] as const) {
    const store = memoryStore(stack, { storage });
    const image = await open.v3(root(store).resolve("image"), { kind: "array" });
    deepEqual([image.dtype, image.shape, image.chunks], [storage, [2, 34, 35, 40], [1, 32, 32, 32]]);
    const { data } = await get(image, [1, slice(33, 34), slice(0, 35), slice(0, 40)]);
    const expected = stack.channels[1].subarray(33 * 35 * 40);
    const scale = storage === "uint8" ? JSON.parse(text(store.files, "/zarr.json")).attributes.scales[1].scale : 1;
    const tolerance = { float32: 0, float16: 2 ** -12, uint8: scale / 2 + 1e-7 }[storage];
    for (const [i, value] of expected.entries()) {
      ok(Math.abs(Number((data as Float32Array)[i]) * scale - value) <= tolerance, `${storage} at ${i}`);
    }
  }
});

function text(files: ReadonlyMap<string, Uint8Array>, key: string): string {
  return new TextDecoder().decode(files.get(key));
}

Deno.test("encodeSubject() leaves chunks of zeros out and puts the index with its checksum last", () => {
  const lengths: number[] = [];
  const compress = (bytes: Uint8Array): Uint8Array => {
    lengths.push(bytes.length);
    return Uint8Array.from([lengths.length, 9]);
  };
  const stack = countedStack([40, 35, 34], ["t1"]);
  const { files } = encodeSubject(stack, { id: "s", sources: [], storage: "uint8", compress });
  deepEqual(files.map(({ name }) => name), ["image/zarr.json", "image/c/0/0/0/0"]);
  // Two chunks along each axis; the first one is all 0.
  deepEqual(lengths, new Array(7).fill(32 ** 3));
  const { bytes } = files[1];
  equal(bytes.length, 7 * 2 + 8 * 16 + 4);
  deepEqual([...bytes.subarray(0, 14)], [1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 6, 9, 7, 9]);
  const index = new BigUint64Array(bytes.slice(14, -4).buffer);
  deepEqual([...index.subarray(0, 6)], [2n ** 64n - 1n, 2n ** 64n - 1n, 0n, 2n, 2n, 2n]);
  equal(new DataView(bytes.buffer).getUint32(bytes.length - 4, true), crc32c(bytes.subarray(14, -4)));
});

Deno.test("encodeSubject() writes a label beside the image, and where the box was cut from", () => {
  const stack = countedStack([3, 2, 2], ["t1"]);
  const label = Uint8Array.from({ length: 12 }, (_, i) => i % 5);
  const { attributes, files } = encodeSubject(
    { ...stack, label, volumeSize: [9, 8, 7], volumeStart: [1, 2, 3] },
    { id: "a/b", sources: [{ file: "t1.nii", sha256: "00" }], storage: "float32", compress: (bytes) => bytes },
  );
  deepEqual(files.map(({ name }) => name).slice(2), ["label/zarr.json", "label/c/0/0/0/0"]);
  deepEqual([...files[3].bytes.subarray(0, 3), files[3].bytes[32]], [0, 1, 2, 3]);
  const metadata = JSON.parse(subjectMetadata({ ...attributes, sha256: { "image/zarr.json": "ff" } }));
  deepEqual([metadata.zarr_format, metadata.node_type], [3, "group"]);
  deepEqual(metadata.attributes, {
    id: "a/b",
    modalities: ["t1"],
    affine: stack.affine,
    volumeSize: [9, 8, 7],
    volumeStart: [1, 2, 3],
    scales: [{ scale: 1, offset: 0 }],
    sources: [{ file: "t1.nii", sha256: "00" }],
    sha256: { "image/zarr.json": "ff" },
  });
});
