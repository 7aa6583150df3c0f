/** Reading NIfTI files: every type, byte order and version by hand-made bytes, and every way a file can be bad. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { readNifti, readNiftiHeader, readStoredNifti } from "../../lib/dataset/nifti.ts";
import { VolumeError } from "../../lib/errors.ts";
import { randomStream } from "../../lib/random.ts";
import { buildNifti, gzip, type NiftiFileSpec, STORED_TYPES } from "./_nifti_file.ts";

const EXAMPLES: Record<keyof typeof STORED_TYPES, readonly number[]> = {
  uint8: [0, 1, 127, 128, 254, 255],
  int8: [-128, -1, 0, 1, 2, 127],
  uint16: [0, 1, 258, 32768, 65534, 65535],
  int16: [-32768, -2, 0, 1, 258, 32767],
  uint32: [0, 1, 258, 65536, 0x80000000, 0xfffff000],
  int32: [-0x80000000, -3, 0, 1, 258, 65536],
  uint64: [0, 1, 258, 2 ** 33, 2 ** 53, 7],
  int64: [-(2 ** 40), -1, 0, 1, 258, 2 ** 40],
  float32: [-1.5, 0, 0.25, 3, 2 ** 100, -7],
  float64: [-1.5, 0, 0.25, 3, 2 ** 100, -7],
};

for (const version of [1, 2] as const) {
  for (const littleEndian of [true, false]) {
    const order = littleEndian ? "little" : "big";
    Deno.test(`readNifti() reads every real voxel type of a ${order}-endian NIfTI-${version} file`, async () => {
      for (const type of Object.keys(STORED_TYPES) as (keyof typeof STORED_TYPES)[]) {
        const values = EXAMPLES[type];
        const bytes = buildNifti({ values, shape: [3, 2, 1], type, version, littleEndian });
        const volume = await readNifti(bytes, "a.nii");
        deepStrictEqual([...volume.data], [...values], type);
        deepStrictEqual(volume.size, [3, 2, 1]);
        const { datatype } = await readNiftiHeader(bytes, "a.nii");
        strictEqual(datatype, type);
      }
    });
  }
}

Deno.test("readNifti() recognises gzip by the content, not by the name", async () => {
  const plain = buildNifti({ values: [1, 2, 3] });
  deepStrictEqual([...(await readNifti(plain, "scan.nii.gz")).data], [1, 2, 3]);
  deepStrictEqual([...(await readNifti(await gzip(plain), "scan.nii")).data], [1, 2, 3]);
});

Deno.test("readNifti() leaves the caller's bytes alone when it swaps byte order", async () => {
  const bytes = buildNifti({ values: [1, 2], type: "int16", littleEndian: false });
  const before = bytes.slice();
  await readNifti(bytes, "a.nii");
  deepStrictEqual(bytes, before);
});

Deno.test("readNifti() applies scl_slope and scl_inter, and neither when the slope is 0 or NaN", async () => {
  const read = async (slope: number, intercept: number): Promise<number[]> => {
    const bytes = buildNifti({ values: [-1, 0, 3], type: "int16", slope, intercept });
    return [...(await readNifti(bytes, "a.nii")).data];
  };
  deepStrictEqual(await read(0.5, -10), [-10.5, -10, -8.5]);
  deepStrictEqual(await read(1, 2), [1, 2, 5]);
  deepStrictEqual(await read(0, 7), [-1, 0, 3]);
  deepStrictEqual(await read(NaN, 7), [-1, 0, 3]);
});

Deno.test("readNifti() scales in double precision before it rounds to single", async () => {
  // 2^24 + 1 has no single-precision form; minus 2^24 it is exactly 1.
  const bytes = buildNifti({ values: [2 ** 24 + 1], type: "int32", slope: 1, intercept: -(2 ** 24) });
  deepStrictEqual([...(await readNifti(bytes, "a.nii")).data], [1]);
});

Deno.test("readNifti() drops trailing axes of length 1 and skips header extensions", async () => {
  const bytes = buildNifti({ values: [4, 5], shape: [1, 2, 1, 1, 1], voxelOffset: 384 });
  bytes.set([1, 0, 0, 0, 255, 255, 255, 127], 348);
  const volume = await readNifti(bytes, "a.nii");
  deepStrictEqual(volume.size, [1, 2, 1]);
  deepStrictEqual([...volume.data], [4, 5]);
});

const SFORM = { code: 1, rows: [[-2, 0, 0, 10], [0, 0, 3, 20], [0, 4, 0, 30]] };
/** A quarter turn about z, mirrored along the third axis by qfac. */
const QFORM = { code: 2, bcd: [0, 0, Math.SQRT1_2], offset: [1, 2, 3] };

Deno.test("readNifti() takes the sform even where the qform has the larger code", async () => {
  for (const version of [1, 2] as const) {
    const bytes = buildNifti({ values: [1], version, sform: SFORM, qform: QFORM });
    deepStrictEqual((await readNifti(bytes, "a.nii")).affine, [...SFORM.rows, [0, 0, 0, 1]]);
  }
});

Deno.test("readNifti() takes the qform where there is no sform", async () => {
  for (const version of [1, 2] as const) {
    const bytes = buildNifti({ values: [1], version, qform: QFORM, pixdim: [-1, 2, 3, 4] });
    const { affine } = await readNifti(bytes, "a.nii");
    const expected = [[0, -3, 0, 1], [2, 0, 0, 2], [0, 0, -4, 3], [0, 0, 0, 1]];
    affine.forEach((row, r) =>
      row.forEach((value, c) => strictEqual(Math.abs(value - expected[r][c]) < 1e-6, true, `${value} at ${r},${c}`))
    );
  }
});

Deno.test("readNifti() accepts a half-turn quaternion that rounding made longer than 1", async () => {
  const bytes = buildNifti({ values: [1], qform: { code: 1, bcd: [0, 1.00000012, 0], offset: [0, 0, 0] } });
  const { affine } = await readNifti(bytes, "a.nii");
  deepStrictEqual([affine[0][0], affine[1][1], affine[2][2]].map(Math.round), [-1, 1, -1]);
});

Deno.test("readNifti() centres a volume without any transform and runs its x axis to the left", async () => {
  const values = new Array(24).fill(0);
  const bytes = buildNifti({ values, shape: [3, 2, 4], pixdim: [1, 2, -3, 0] });
  deepStrictEqual((await readNifti(bytes, "a.nii")).affine, [
    [-2, 0, 0, 2],
    [0, 3, 0, -1.5],
    [0, 0, 1, -1.5],
    [0, 0, 0, 1],
  ]);
});

Deno.test("readNiftiHeader() needs only the beginning of a file, compressed or not", async () => {
  const values = Array.from({ length: 30000 }, (_, i) => Math.sin(i * i));
  const file = buildNifti({ values, shape: [100, 30, 10], sform: SFORM });
  for (const bytes of [file.subarray(0, 348), file.subarray(0, 1000), (await gzip(file)).subarray(0, 4096)]) {
    deepStrictEqual(await readNiftiHeader(bytes, "a.nii"), {
      version: 1,
      size: [100, 30, 10],
      affine: [...SFORM.rows, [0, 0, 0, 1]],
      datatype: "float32",
      voxelBytes: 4,
      littleEndian: true,
      voxelOffset: 352,
      slope: 1,
      intercept: 0,
    });
  }
});

Deno.test("readNifti() inflates no more than the header announces", async () => {
  const file = buildNifti({ values: [1, 2, 3] });
  const noise = randomStream(1, "surplus");
  const surplus = new Uint8Array(200_000).map(() => noise.bits());
  const bytes = await gzip(new Uint8Array([...file, ...surplus]));
  // Damage that only a reader of the whole stream would meet.
  bytes.fill(0xff, bytes.length - 12);
  deepStrictEqual([...(await readNifti(bytes, "bomb.nii.gz")).data], [1, 2, 3]);
});

async function rejectsRead(bytes: Uint8Array, expected: string | RegExp): Promise<void> {
  await rejects(readNifti(bytes, "bad.nii"), (error) => {
    strictEqual(error instanceof VolumeError, true, String(error));
    const { message, file } = error as VolumeError;
    strictEqual(file, "bad.nii");
    if (typeof expected === "string") strictEqual(message, `Cannot read bad.nii: ${expected}`);
    else strictEqual(expected.test(message), true, message);
    return true;
  });
}

const NIFTI_LIKE: NiftiFileSpec = { values: [1, 2, 3, 4, 5, 6], shape: [3, 2, 1] };

const BROKEN: readonly [title: string, spec: Partial<NiftiFileSpec>, message: string][] = [
  ["has a zero axis", { shape: [3, 0, 1] }, "expected a positive size along every axis, got shape [3, 0, 1]"],
  ["has a negative axis", { shape: [3, -2, 1] }, "expected a positive size along every axis, got shape [3, -2, 1]"],
  [
    "has a zero axis in 64 bits, big-endian",
    { version: 2, littleEndian: false, shape: [0, 2, 1] },
    "expected a positive size along every axis, got shape [0, 2, 1]",
  ],
  ["has two axes", { shape: [3, 2] }, "expected a 3-D volume, got 2 dimensions"],
  ["has nine axes", { version: 2, shape: [3, 2, 1, 1, 1, 1, 1, 1, 1] }, "expected a 3-D volume, got 9 dimensions"],
  ["holds several volumes", { shape: [1, 1, 1, 6] }, "expected one 3-D volume, got shape [1, 1, 1, 6]"],
  [
    "has absurd axes",
    { version: 2, shape: [2 ** 20, 2 ** 20, 2 ** 20] },
    "expected at most 2147483647 voxels, got shape [1048576, 1048576, 1048576]",
  ],
  [
    "announces more voxels than it has",
    { shape: [3, 2, 2] },
    "the file is cut off: expected 400 bytes, got at most 376",
  ],
  ["holds RGB", { datatypeCode: 128 }, "expected real voxels of 8 to 64 bits, got RGB (datatype code 128)"],
  [
    "holds complex numbers",
    { datatypeCode: 32 },
    "expected real voxels of 8 to 64 bits, got complex64 (datatype code 32)",
  ],
  [
    "holds quadruple precision",
    { datatypeCode: 1536 },
    "expected real voxels of 8 to 64 bits, got float128 (datatype code 1536)",
  ],
  [
    "holds an unknown type",
    { datatypeCode: 99 },
    "expected real voxels of 8 to 64 bits, got an unknown type (datatype code 99)",
  ],
  ["has an infinite intercept", { slope: 2, intercept: -Infinity }, "expected a finite scl_inter, got -Infinity"],
  ["puts its voxels into the header", { voxelOffset: 350 }, "expected vox_offset 0 or at least 352, got 350"],
  [
    "holds NaN",
    { values: [1, 2, 3, 4, NaN, Infinity] },
    "expected finite voxels, got 2 that are NaN or infinite, the first one NaN at voxel (1, 1, 0)",
  ],
  [
    "overflows single precision",
    { values: [1, 2, 3, 1e300, 4, 5], type: "float64" },
    "expected finite voxels, got 1 that are NaN or infinite, the first one Infinity at voxel (0, 1, 0)",
  ],
  [
    "has a singular affine",
    { sform: { code: 1, rows: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 2, 0, 0]] } },
    "expected an invertible affine, got [[1, 0, 0, 0], [0, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 1]]",
  ],
  [
    "has a NaN in its affine",
    { sform: { code: 1, rows: [[1, 0, 0, NaN], [0, 1, 0, 0], [0, 0, 1, 0]] } },
    "expected a finite affine, got [[1, 0, 0, NaN], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]",
  ],
  [
    "has no rotation in its qform",
    { qform: { code: 1, bcd: [1, 1, 0], offset: [0, 0, 0] } },
    "expected a qform quaternion with b² + c² + d² ≤ 1, got (1, 1, 0)",
  ],
];

for (const [title, spec, message] of BROKEN) {
  Deno.test(`readNifti() refuses a file that ${title}`, async () => {
    await rejectsRead(buildNifti({ ...NIFTI_LIKE, ...spec }), message);
  });
}

Deno.test("readNifti() refuses empty, short and foreign files", async () => {
  const sound = buildNifti(NIFTI_LIKE);
  await rejectsRead(new Uint8Array(0), "expected a NIfTI file, got an empty one");
  await rejectsRead(sound.subarray(0, 347), "expected at least 348 bytes of NIfTI header, got 347");
  await rejectsRead(
    buildNifti({ ...NIFTI_LIKE, version: 2 }).subarray(0, 400),
    "expected at least 540 bytes of NIfTI-2 header, got 400",
  );
  await rejectsRead(new Uint8Array(400).fill(65), "expected a NIfTI-1 or NIfTI-2 file, got something else");
  const damaged = sound.slice();
  damaged[0] = 0;
  await rejectsRead(damaged, /^Cannot read bad.nii: expected a NIfTI-1 or NIfTI-2 file, got a damaged header \(.+\)$/);
  const pair = sound.slice();
  pair[345] = 0x69;
  await rejectsRead(pair, "expected header and voxels in one file (.nii), got the header of a .hdr/.img pair");
});

Deno.test("readNifti() refuses files that are cut off, and says how many bytes are missing", async () => {
  const values = Array.from({ length: 30000 }, (_, i) => Math.sin(i * i));
  const file = buildNifti({ values, shape: [100, 30, 10] });
  await rejectsRead(file.subarray(0, 2000), "the file is cut off: expected 120352 bytes, got at most 2000");
  const compressed = await gzip(file);
  const pattern =
    /^Cannot read bad.nii: the gzip stream is damaged or cut off: got \d+ bytes where 120352 were expected/;
  await rejectsRead(compressed.subarray(0, 60000), pattern);
  await rejectsRead(await gzip(file.subarray(0, 90000)), "the file is cut off: expected 120352 bytes, got 90000");
});

Deno.test("readNifti() refuses dimensions that the compressed bytes cannot hold, before it allocates", async () => {
  const bytes = await gzip(buildNifti({ values: [1], shape: [2047, 1024, 1024] }));
  await rejectsRead(
    bytes,
    /^Cannot read bad.nii: the file is cut off: expected 8585740640 bytes, got at most \d{5,6}$/,
  );
});

Deno.test("readNifti() refuses damaged gzip data", async () => {
  const compressed = await gzip(buildNifti(NIFTI_LIKE));
  await rejectsRead(compressed.subarray(0, 15), /the gzip stream is damaged or cut off: got \d+ bytes where 540 were/);
  const flipped = compressed.slice();
  flipped[flipped.length - 6] ^= 1;
  await rejectsRead(flipped, /the gzip stream is damaged or cut off: got /);
  const noise = compressed.map((byte, i) => i < 10 ? byte : (byte * 7 + 13) & 255);
  await rejectsRead(noise, /the gzip stream is damaged or cut off: got /);
});

Deno.test("readNifti() verifies the checksum of a file that has the announced length", async () => {
  const values = Array.from({ length: 30000 }, (_, i) => Math.sin(i * i));
  const compressed = await gzip(buildNifti({ values, shape: [100, 30, 10] }));
  compressed[compressed.length - 6] ^= 1;
  await rejectsRead(compressed, /got all bytes, but a wrong checksum or data after its end \(/);
});

Deno.test("readStoredNifti() gives the same with a gunzip of the host's, and the stream's errors where that fails", async () => {
  const plain = buildNifti({ values: [3, -2, 7], type: "int16", slope: 2 });
  const packed = await gzip(plain);
  const asked: number[] = [];
  const gunzip = (_: Uint8Array, count: number): Uint8Array => {
    asked.push(count);
    return plain;
  };
  const withoutIt = await readStoredNifti(packed, { file: "a.nii.gz" });
  deepStrictEqual(await readStoredNifti(packed, { file: "a.nii.gz", gunzip }), withoutIt);
  deepStrictEqual(asked, [plain.length]);
  const failing = (): Uint8Array => {
    throw new Error("unlike the stream's words");
  };
  deepStrictEqual(await readStoredNifti(packed, { file: "a.nii.gz", gunzip: failing }), withoutIt);
  deepStrictEqual(await readStoredNifti(packed, { file: "a.nii.gz", gunzip: () => plain.subarray(1) }), withoutIt);
  const cut = packed.subarray(0, packed.length - 12);
  await rejects(readStoredNifti(cut, { file: "a.nii.gz", gunzip: failing }), /damaged or cut off/);
});

Deno.test("readStoredNifti() holds 16-bit voxels as indices of a table, unless their scale overflows", async () => {
  const small = await readStoredNifti(buildNifti({ values: [-1, 2], type: "int16", slope: 0.5 }), { file: "a" });
  deepStrictEqual([...small.voxels.stored], [65535, 2]);
  deepStrictEqual([small.voxels.table![65535], small.voxels.table![2]], [-0.5, 1]);
  const bytes = buildNifti({ values: [-1, 2], type: "int16", slope: 2 ** 120 });
  const large = await readStoredNifti(bytes, { file: "a" });
  deepStrictEqual([large.voxels.table, ...large.voxels.stored], [null, -(2 ** 120), 2 ** 121]);
});
