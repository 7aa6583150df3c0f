import assert from "node:assert/strict";
import { CheckpointError } from "../../lib/errors.ts";
import {
  bytesSource,
  decodeSafetensors,
  encodeSafetensors,
  type LazyTensor,
  openSafetensors,
  type Safetensor,
  streamSafetensors,
} from "../../lib/interop/mod.ts";

const TENSORS: ReadonlyMap<string, Safetensor> = new Map<string, Safetensor>([
  ["b.weight", { dtype: "F32", shape: [2, 3], data: Float32Array.of(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5) }],
  ["a.weight", { dtype: "F32", shape: [1], data: Float32Array.of(1e-3) }],
  ["steps", { dtype: "I64", shape: [], data: BigInt64Array.of(7n) }],
  ["mask", { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) }],
  ["empty", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
  ["bytes", { dtype: "U8", shape: [2], data: Uint8Array.of(1, 255) }],
  ["scale", { dtype: "F64", shape: [1], data: Float64Array.of(0.1) }],
  ["offset", { dtype: "I32", shape: [1], data: Int32Array.of(-3) }],
]);

const GOLDEN = Deno.readFileSync(new URL("../golden/tiny.safetensors", import.meta.url));

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

/** A file with this header text and so many bytes of data. */
function fileOf(header: string | object, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function refused(bytes: Uint8Array, message: string | RegExp): void {
  assert.throws(() => decodeSafetensors(bytes, "w.safetensors"), (error) => {
    assert(error instanceof CheckpointError);
    if (typeof message === "string") assert.equal(error.message, `Cannot read w.safetensors: ${message}`);
    else assert.match(error.message, message);
    return true;
  });
}

Deno.test("decodeSafetensors() reads what the reference implementation wrote", () => {
  const { tensors, metadata } = decodeSafetensors(GOLDEN, "tiny.safetensors");
  assert.deepEqual(metadata, { note: "Schädel" });
  assert.deepEqual(tensors, new Map(TENSORS));
});

Deno.test("encodeSafetensors() writes the bytes of the reference implementation", () => {
  assert.deepEqual(join(encodeSafetensors(TENSORS, { note: "Schädel" })), GOLDEN);
});

Deno.test("encodeSafetensors() writes the same bytes in whichever order the tensors come", () => {
  const reversed = new Map([...TENSORS].reverse());
  assert.deepEqual(join(encodeSafetensors(reversed)), join(encodeSafetensors(TENSORS)));
});

Deno.test("encodeSafetensors() pads the header to 8 bytes and hands out views, not copies", () => {
  const data = new Float32Array(8).subarray(2, 5);
  const [header, view] = encodeSafetensors(new Map([["x", { dtype: "F32", shape: [3], data }]]));
  assert.equal(header.length % 8, 0);
  assert.equal(header[8], "{".charCodeAt(0));
  assert.equal(view.buffer, data.buffer);
  assert.deepEqual([view.byteOffset, view.byteLength], [8, 12]);
});

Deno.test("encodeSafetensors() writes a valid file when there are no tensors", () => {
  const bytes = join(encodeSafetensors(new Map()));
  assert.deepEqual([...bytes], [8, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20]);
  assert.equal(decodeSafetensors(bytes, "x").tensors.size, 0);
});

Deno.test("encodeSafetensors() keeps a tensor and a metadata key named __proto__", () => {
  const tensors = new Map<string, Safetensor>([["__proto__", { dtype: "U8", shape: [1], data: Uint8Array.of(5) }]]);
  const file = decodeSafetensors(join(encodeSafetensors(tensors, JSON.parse('{"__proto__": "x"}'))), "x");
  assert.deepEqual(file.tensors, tensors);
  assert.deepEqual(Object.entries(file.metadata), [["__proto__", "x"]]);
});

Deno.test("encodeSafetensors() refuses a shape that does not fit and the reserved name", () => {
  const tensor: Safetensor = { dtype: "F32", shape: [2, 2], data: new Float32Array(3) };
  assert.throws(() => encodeSafetensors(new Map([["w", tensor]])), {
    name: "RangeError",
    message: 'Cannot write tensor "w": expected the elements of shape [2, 2], got 3',
  });
  assert.throws(() => encodeSafetensors(new Map([["__metadata__", tensor]])), {
    name: "RangeError",
    message: "Cannot write tensor: expected another name than __metadata__",
  });
});

Deno.test("encodeSafetensors() rounds floats to half precision where it is asked to, and nothing else", () => {
  const values = Float32Array.of(1.5, 1 + 2 ** -11 + 2 ** -20, -65504, NaN, Infinity);
  const tensors = new Map<string, Safetensor>([
    ["w", { dtype: "F32", shape: [5], data: values }],
    ["steps", { dtype: "I64", shape: [1], data: BigInt64Array.of(7n) }],
  ]);
  const bytes = join(encodeSafetensors(tensors, {}, { floats: "F16" }));
  assert.match(new TextDecoder().decode(bytes), /"w":\{"dtype":"F16","shape":\[5\],"data_offsets":\[8,18\]\}/);
  const read = decodeSafetensors(bytes, "x").tensors;
  // Halves near 1 are 2^-10 apart.
  assert.deepEqual(read.get("w")!.data, Float32Array.of(1.5, 1 + 2 ** -10, -65504, NaN, Infinity));
  assert.deepEqual(read.get("steps"), tensors.get("steps"));
  const large: Safetensor = { dtype: "F32", shape: [2], data: Float32Array.of(0, 70000) };
  assert.throws(() => encodeSafetensors(new Map([["w", large]]), {}, { floats: "F16" }), {
    name: "RangeError",
    message: 'Cannot write tensor "w" as F16: expected at most 65504, got 70000',
  });
});

Deno.test("decodeSafetensors() widens F16 and BF16 exactly", () => {
  const bytes = fileOf({
    half: { dtype: "F16", shape: [4], data_offsets: [0, 8] },
    brain: { dtype: "BF16", shape: [2, 1], data_offsets: [8, 12] },
  }, 12);
  // 1.5, −0.25, the largest half 65504, the smallest 2^-24; then 1.5 and −0.0078125 as bfloat16.
  bytes.set(Uint8Array.of(0x00, 0x3e, 0x00, 0xb4, 0xff, 0x7b, 0x01, 0x00, 0xc0, 0x3f, 0x00, 0xbc), bytes.length - 12);
  const { tensors } = decodeSafetensors(bytes, "x");
  assert.deepEqual(tensors.get("half"), {
    dtype: "F32",
    shape: [4],
    data: Float32Array.of(1.5, -0.25, 65504, 2 ** -24),
  });
  assert.deepEqual(tensors.get("brain"), { dtype: "F32", shape: [2, 1], data: Float32Array.of(1.5, -0.0078125) });
});

Deno.test("decodeSafetensors() reads from bytes that begin anywhere in a buffer, and copies", () => {
  const shifted = new Uint8Array(GOLDEN.length + 3);
  shifted.set(GOLDEN, 3);
  const { tensors } = decodeSafetensors(shifted.subarray(3), "x");
  shifted.fill(0);
  assert.deepEqual(tensors, new Map(TENSORS));
});

Deno.test("decodeSafetensors() refuses a file cut short anywhere", () => {
  for (let length = 0; length < GOLDEN.length; length++) refused(GOLDEN.subarray(0, length), /^Cannot read w\./);
  refused(GOLDEN.subarray(0, 7), "expected at least 8 bytes, got 7");
  refused(fileOf("{}").subarray(0, 9), "expected a header of 2 bytes, got a file cut short after 1");
});

Deno.test("decodeSafetensors() refuses a header over the format's limit before reading it", () => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
  refused(bytes, "expected a header of at most 100000000 bytes, got 100000001");
  refused(new Uint8Array(16).fill(255), "expected a header of at most 100000000 bytes, got 18446744073709551615");
});

Deno.test("decodeSafetensors() refuses a header that is not a JSON object", () => {
  refused(fileOf("[1]"), "expected a JSON object as header, got [1]");
  refused(fileOf("null"), "expected a JSON object as header, got null");
  refused(fileOf("{"), /expected a JSON object as header, got .*JSON/);
  refused(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), /expected a JSON object as header, got /);
});

Deno.test("decodeSafetensors() refuses a name that comes twice, however it is written", () => {
  const entry = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
  refused(fileOf(`{"a":${entry},"\\u0061" :${entry}}`, 1), 'expected each name once in the header, got "a" twice');
  refused(fileOf(`{"a":${entry.replace("}", ',"shape":[2]}')}}`, 1), /got "shape" twice/);
});

Deno.test("decodeSafetensors() accepts braces and escapes in names", () => {
  const name = 'x{"\\": ';
  const file = fileOf({ [name]: { dtype: "U8", shape: [1], data_offsets: [0, 1] } }, 1);
  assert.deepEqual([...decodeSafetensors(file, "x").tensors.keys()], [name]);
});

const ENTRIES: readonly [entry: unknown, reason: string][] = [
  [3, "expected dtype, shape and data_offsets, got 3"],
  [
    { dtype: "F8_E4M3", shape: [4], data_offsets: [0, 4] },
    'expected one of the dtypes I64, F64, F32, I32, BF16, F16, I16, I8, U8, BOOL, got "F8_E4M3"',
  ],
  [{ shape: [4] }, "expected one of the dtypes I64, F64, F32, I32, BF16, F16, I16, I8, U8, BOOL, got nothing"],
  [{ dtype: "U8", shape: [-4], data_offsets: [0, 4] }, "expected non-negative integers as shape, got [-4]"],
  [{ dtype: "U8", shape: [1.5], data_offsets: [0, 4] }, "expected non-negative integers as shape, got [1.5]"],
  [{ dtype: "U8", shape: [4], data_offsets: [4, 0] }, "expected a begin and a later end as data_offsets, got [4,0]"],
  [{ dtype: "U8", shape: [4], data_offsets: [0] }, "expected a begin and a later end as data_offsets, got [0]"],
  [{ dtype: "U8", shape: [4] }, "expected a begin and a later end as data_offsets, got nothing"],
  [{ dtype: "F32", shape: [3], data_offsets: [0, 4] }, "expected 12 bytes for F32 [3], got 4"],
  [{ dtype: "U8", shape: [8], data_offsets: [0, 8] }, "expected data up to byte 8, got a file cut short at byte 4"],
  [{ dtype: "U8", shape: [3], data_offsets: [1, 4] }, "expected to begin at byte 0, got a hole up to byte 1"],
];

for (const [entry, reason] of ENTRIES) {
  Deno.test(`decodeSafetensors() refuses the entry ${JSON.stringify(entry)}`, () => {
    refused(fileOf({ w: entry }, 4), `tensor "w": ${reason}`);
  });
}

Deno.test("decodeSafetensors() refuses overlaps, bytes that belong to no tensor, and metadata other than text", () => {
  const half = { dtype: "U8", shape: [2], data_offsets: [0, 2] };
  refused(
    fileOf({ a: half, b: { ...half, data_offsets: [1, 3] } }, 3),
    'tensor "b": expected to begin at byte 2, got an overlap from byte 1',
  );
  refused(fileOf({ a: half }, 3), "expected 2 bytes of data, got 3");
  refused(fileOf({ __metadata__: { epoch: 3 } }), 'expected texts as __metadata__, got {"epoch":3}');
});

Deno.test("decodeSafetensors() widens I16 and I8 exactly", () => {
  const bytes = fileOf({
    short: { dtype: "I16", shape: [2], data_offsets: [0, 4] },
    char: { dtype: "I8", shape: [2], data_offsets: [4, 6] },
  }, 6);
  bytes.set(Uint8Array.of(0xd4, 0xfe, 0x2c, 0x01, 0x80, 0x7f), bytes.length - 6);
  const { tensors } = decodeSafetensors(bytes, "x");
  assert.deepEqual(tensors.get("short"), { dtype: "I32", shape: [2], data: Int32Array.of(-300, 300) });
  assert.deepEqual(tensors.get("char"), { dtype: "I32", shape: [2], data: Int32Array.of(-128, 127) });
});

Deno.test("openSafetensors() reads the same tensors as decodeSafetensors(), each when it is asked for", async () => {
  const reads: [offset: number, length: number][] = [];
  const { size, read } = bytesSource(GOLDEN);
  const source = {
    size,
    read: (offset: number, length: number) => {
      reads.push([offset, length]);
      return read(offset, length);
    },
  };
  const { tensors, metadata } = await openSafetensors(source, "tiny.safetensors");
  const headerBytes = Number(new DataView(GOLDEN.buffer).getBigUint64(0, true));
  assert.deepEqual(reads.splice(0), [[0, 8], [8, headerBytes]]);
  assert.deepEqual(metadata, { note: "Schädel" });
  assert.deepEqual([...tensors.keys()], [...decodeSafetensors(GOLDEN, "x").tensors.keys()]);
  for (const [name, { dtype, shape, data }] of TENSORS) {
    const tensor = tensors.get(name)!;
    assert.deepEqual([tensor.name, tensor.dtype, tensor.shape, await tensor.read()], [name, dtype, shape, data]);
    assert.deepEqual(reads.splice(0).map(([, length]) => length), [data.byteLength]);
  }
});

Deno.test("openSafetensors() refuses what decodeSafetensors() refuses, with the same words", async () => {
  const entry = { dtype: "F32", shape: [3], data_offsets: [0, 12] };
  const faulty = [
    GOLDEN.subarray(0, 7),
    GOLDEN.subarray(0, 40),
    GOLDEN.subarray(0, GOLDEN.length - 1),
    new Uint8Array(16).fill(255),
    fileOf("[1]"),
    fileOf({ w: { ...entry, shape: [1e10] } }, 12),
    fileOf({ w: { ...entry, dtype: "F8" } }, 12),
    fileOf({ w: entry }, 13),
  ];
  for (const bytes of faulty) {
    const reason = (error: unknown): string => (error as Error).message;
    let expected = "";
    try {
      decodeSafetensors(bytes, "w.safetensors");
    } catch (error) {
      expected = reason(error);
    }
    assert.match(expected, /^Cannot read w\.safetensors: /);
    await assert.rejects(openSafetensors(bytesSource(bytes), "w.safetensors"), { message: expected });
  }
});

function lazy(name: string, { dtype, shape, data }: Safetensor): LazyTensor {
  return { name, dtype, shape, read: () => Promise.resolve(data) };
}

Deno.test("streamSafetensors() writes the bytes of encodeSafetensors() and says how many", async () => {
  const tensors = [...TENSORS].map(([name, tensor]) => lazy(name, tensor));
  const { size, chunks } = streamSafetensors(tensors, { note: "Schädel" });
  const bytes = join(await Array.fromAsync(chunks()));
  assert.deepEqual(bytes, GOLDEN);
  assert.equal(size, GOLDEN.length);
});

Deno.test("streamSafetensors() reads a tensor only when its turn comes", async () => {
  const order: string[] = [];
  const tensors = ["b", "a"].map((name): LazyTensor => {
    const read = (): Promise<Uint8Array> => {
      order.push(`read ${name}`);
      return Promise.resolve(Uint8Array.of(1));
    };
    return { name, dtype: "U8", shape: [1], read };
  });
  for await (const { length } of streamSafetensors(tensors).chunks()) {
    order.push(`got ${length > 1 ? "header" : length}`);
  }
  assert.deepEqual(order, ["got header", "read a", "got 1", "read b", "got 1"]);
});

Deno.test("streamSafetensors() refuses a name that comes twice, and data of another length than the shape", async () => {
  const tensor = lazy("w", { dtype: "F32", shape: [2], data: new Float32Array(3) });
  assert.throws(() => streamSafetensors([tensor, tensor]), {
    name: "RangeError",
    message: 'Cannot write tensor "w": the name comes twice',
  });
  await assert.rejects(Array.fromAsync(streamSafetensors([tensor]).chunks()), {
    name: "RangeError",
    message: 'Cannot write tensor "w": expected the elements of shape [2], got 3',
  });
});
