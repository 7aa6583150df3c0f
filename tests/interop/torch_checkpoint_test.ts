import assert from "node:assert/strict";
import { CheckpointError } from "../../lib/errors.ts";
import { bytesSource, openTorchLegacy, openTorchZip, type TensorValues } from "../../lib/interop/mod.ts";
import { PickleWriter, uint64, writeTorchZip, writeZip, type WrittenTensor } from "./_pickle_writer.ts";

/** The tensors of tests/golden/make_tiny_torch.py. */
const base = Float32Array.from({ length: 24 }, (_, i) => i - 2.5);
const EXPECTED: Readonly<Record<string, [shape: number[], values: TensorValues]>> = {
  contiguous: [[2, 3, 4], base],
  shared: [[3, 4], base.slice(12)],
  transposed: [[4, 2, 3], Float32Array.from(base, (_, i) => base[(i % 6) * 4 + Math.floor(i / 6)])],
  strided: [[2, 2, 2], Float32Array.from([4, 6, 8, 10, 16, 18, 20, 22], (i) => base[i])],
  parameter: [[2], Float32Array.of(0.5, -0.25)],
  scalar: [[], BigInt64Array.of(7n)],
  empty: [[0, 4], new Float32Array(0)],
  repeated: [[2, 1], Float32Array.of(1.5, 2.5)],
  half: [[4], Float32Array.of(1.5, -0.25, 65504, 2 ** -24)],
  brain: [[2], Float32Array.of(1.5, -0.0078125)],
  double: [[2], Float64Array.of(0.1, 1e300)],
  int64: [[2], BigInt64Array.of(2n ** 60n, -1n)],
  int32: [[1, 2], Int32Array.of(-3, 2 ** 31 - 1)],
  int16: [[2], Int32Array.of(-300, 300)],
  int8: [[2], Int32Array.of(-128, 127)],
  uint8: [[2], Uint8Array.of(1, 255)],
  bool: [[3], Uint8Array.of(1, 0, 1)],
};
const BESIDE = "epoch best history options size device dtype losses seen bytes big optimizer".split(" ");

const golden = (name: string): Uint8Array => Deno.readFileSync(new URL(`../golden/${name}`, import.meta.url));
const LEGACY = golden("tiny_legacy.pt");

for (
  const [name, open] of [
    ["tiny_zip.pt", openTorchZip],
    ["tiny_protocol4.pt", openTorchZip],
    ["tiny_legacy.pt", openTorchLegacy],
  ] as const
) {
  Deno.test(`${open.name}() reads every tensor of what torch.save wrote: ${name}`, async () => {
    const { tensors, part, ignored } = await open(bytesSource(golden(name)), name);
    assert.equal(part, "model_state_dict");
    assert.deepEqual(ignored, BESIDE);
    assert.deepEqual([...tensors.keys()], Object.keys(EXPECTED));
    for (const tensor of tensors.values()) {
      const [shape, values] = EXPECTED[tensor.name];
      assert.deepEqual([tensor.shape, await tensor.read()], [shape, values], tensor.name);
    }
  });
}

/** Reads a checkpoint whose pickle is a dictionary of one tensor, `w`. */
function openOne(tensor: WrittenTensor, storages: Record<string, Uint8Array>): ReturnType<typeof openTorchZip> {
  const pickle = new PickleWriter().raw("}").text("w").tensor(tensor).raw("s");
  return openTorchZip(bytesSource(writeTorchZip(pickle, storages)), "w.pt");
}

async function refused(opening: Promise<unknown>, reason: string | RegExp): Promise<void> {
  await assert.rejects(opening, (error) => {
    assert(error instanceof CheckpointError);
    if (typeof reason === "string") assert.equal(error.message, `Cannot read w.pt: ${reason}`);
    else assert.match(error.message, reason);
    return true;
  });
}

const openBytes = (bytes: Uint8Array): Promise<unknown> => openTorchZip(bytesSource(bytes), "w.pt");
const openPickle = (pickle: PickleWriter): Promise<unknown> => openBytes(writeTorchZip(pickle));

const SIX = { "0": new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6]).buffer) };

Deno.test("openTorchZip() puts views in order, also where they repeat and skip elements", async () => {
  const read = async (view: Omit<WrittenTensor, "count">): Promise<TensorValues> => {
    const { tensors } = await openOne({ ...view, count: 6 }, SIX);
    return await tensors.get("w")!.read();
  };
  assert.deepEqual(await read({ shape: [2, 3], strides: [3, 1] }), Float32Array.of(1, 2, 3, 4, 5, 6));
  assert.deepEqual(await read({ shape: [3, 2], strides: [1, 3] }), Float32Array.of(1, 4, 2, 5, 3, 6));
  assert.deepEqual(await read({ shape: [2], strides: [2], offset: 1 }), Float32Array.of(2, 4));
  assert.deepEqual(await read({ shape: [2, 3], strides: [0, 1], offset: 3 }), Float32Array.of(4, 5, 6, 4, 5, 6));
  assert.deepEqual(await read({ shape: [1, 2], strides: [99, 1], offset: 4 }), Float32Array.of(5, 6));
  assert.deepEqual(await read({ shape: [], strides: [], offset: 5 }), Float32Array.of(6));
  assert.deepEqual(await read({ shape: [0, 7], strides: [9, 1] }), new Float32Array(0));
});

const VIEWS: readonly [title: string, tensor: WrittenTensor, reason: string | RegExp][] = [
  [
    "a tensor of 10 GB in a file of bytes",
    { count: 2.5e9, shape: [2.5e9], strides: [1] },
    'tensor "w": expected 10000000000 bytes for its 2500000000 elements of F32, got 24',
  ],
  [
    "a storage cut short",
    { count: 7, shape: [7], strides: [1] },
    'tensor "w": expected 28 bytes for its 7 elements of F32, got 24',
  ],
  [
    "a storage that is not there",
    { key: "../0", count: 6, shape: [6], strides: [1] },
    'tensor "w": expected its storage "../0" in the file, got none',
  ],
  [
    "a view beyond its storage",
    { count: 6, shape: [2, 3], strides: [3, 1], offset: 1 },
    'tensor "w": expected a view within its storage of 6, got one up to 7',
  ],
  [
    "a view that repeats one element to 10 GB",
    { count: 6, shape: [2.5e9], strides: [0] },
    'tensor "w": expected at most its storage\'s 6 elements, got shape [2500000000]',
  ],
  [
    "a shape whose size overflows",
    { count: 6, shape: Array(40).fill(2 ** 50), strides: Array(40).fill(0) },
    /expected at most its storage's 6 elements, got shape \[1125899906842624, /,
  ],
  ["a negative size", { count: 6, shape: [-1], strides: [1] }, /expected a tensor with storage, offset, shape and/],
  ["a negative offset", { count: 6, shape: [1], strides: [1], offset: -1 }, /expected a tensor with storage, offset/],
  ["fewer strides than sizes", { count: 6, shape: [2, 3], strides: [1] }, /expected a tensor with storage, offset/],
  ["a negative number of elements", { count: -6, shape: [1], strides: [1] }, /expected a storage with its type, key/],
  [
    "complex numbers",
    { storage: "ComplexFloatStorage", count: 3, shape: [3], strides: [1] },
    /^Cannot read w.pt: it wants to call torch\.ComplexFloatStorage; expected tensors, numbers, texts/,
  ],
];

for (const [title, tensor, reason] of VIEWS) {
  Deno.test(`openTorchZip() refuses ${title}, before it reads it`, () => refused(openOne(tensor, SIX), reason));
}

Deno.test("openTorchZip() refuses a checkpoint that would run a command, by the command's name", async () => {
  const pickle = new PickleWriter().global("os", "system").text("touch /tmp/owned").raw(0x85, "R");
  await refused(
    openPickle(pickle),
    "it wants to call os.system; expected tensors, numbers, texts and containers of them, which need no code to be run",
  );
  const module = new PickleWriter().global("torch.nn.modules.linear", "Linear").raw(")", 0x81, "}b");
  await refused(openPickle(module), /it wants to call torch\.nn\.modules\.linear\.Linear; /);
});

Deno.test("openTorchZip() refuses big-endian files, TorchScript, and zip files of other things", async () => {
  const pickle = new PickleWriter().raw("}");
  await refused(
    openBytes(writeTorchZip(pickle, {}, [{ name: "x/byteorder", data: "big" }])),
    'expected little-endian numbers, got byteorder "big"; save it again on a little-endian machine',
  );
  await refused(
    openBytes(writeTorchZip(pickle, {}, [{ name: "x/constants.pkl", data: "" }])),
    "expected a state dict from torch.save, got a TorchScript program",
  );
  await refused(
    openBytes(writeZip([{ name: "word/document.xml", data: "" }])),
    "expected a PyTorch checkpoint with one FOLDER/data.pkl, got a zip file with none",
  );
  await refused(openBytes(writeZip([{ name: "x/data.pkl", data: pickle.done(), method: 8 }])), /got compressed ones/);
  await refused(
    openBytes(writeTorchZip(pickle, {}, [{ name: "x/data/../../y", data: "" }])),
    'expected plain relative names of zip entries, got "x/data/../../y"',
  );
});

Deno.test("openTorchZip() reads a file that says it is little-endian", async () => {
  const pickle = new PickleWriter().raw("}").text("w").tensor({ count: 1, shape: [1], strides: [1] }).raw("s");
  const bytes = writeTorchZip(pickle, { "0": new Uint8Array(4) }, [{ name: "x/byteorder", data: "little" }]);
  assert.equal((await openTorchZip(bytesSource(bytes), "w.pt")).tensors.size, 1);
});

Deno.test("openTorchZip() finds the weights under the usual names, in parts of parts, or at the top", async () => {
  const partOf = async (...keys: string[]): Promise<[string, readonly string[]]> => {
    const pickle = new PickleWriter();
    for (const key of keys) pickle.raw("}").text("epoch").raw("K", 3, "s").text(key);
    pickle.raw("}").text("w").tensor({ count: 6, shape: [6], strides: [1] }).raw("s", "s".repeat(keys.length));
    const { part, ignored, tensors } = await openTorchZip(bytesSource(writeTorchZip(pickle, SIX)), "w.pt");
    assert.deepEqual([...tensors.keys()], ["w"]);
    return [part, ignored];
  };
  assert.deepEqual(await partOf(), ["", []]);
  for (const key of ["state_dict", "model", "model_state_dict", "network_weights", "net"]) {
    assert.deepEqual(await partOf(key), [key, ["epoch"]]);
  }
  assert.deepEqual(await partOf("model", "state_dict"), ["model.state_dict", ["epoch", "epoch"]]);
  await refused(
    partOf("unknown"),
    /expected tensors by name, at the top or under state_dict, .*, got a dictionary of "epoch", "unknown"$/,
  );
});

Deno.test("openTorchZip() refuses a checkpoint without tensors by name", async () => {
  await refused(openPickle(new PickleWriter().raw("]")), /expected tensors by name, .*, got no dictionary$/);
  await refused(openPickle(new PickleWriter().raw("}")), /expected tensors by name, .*, got a dictionary of nothing$/);
});

Deno.test("openTorchZip() stands a checkpoint that holds itself", async () => {
  const pickle = new PickleWriter().raw("}q", 0).text("model").raw("h", 0, "s");
  await refused(openPickle(pickle), /got a dictionary of "model"$/);
});

const openLegacy = (bytes: Uint8Array): Promise<unknown> => openTorchLegacy(bytesSource(bytes), "w.pt");

Deno.test("openTorchLegacy() refuses a file cut short anywhere", async () => {
  for (let length = 0; length < LEGACY.length; length += 7) {
    await refused(openLegacy(LEGACY.subarray(0, length)), /^Cannot read w\.pt: (expected|storage)/);
  }
  await refused(
    openLegacy(LEGACY.subarray(0, LEGACY.length - 1)),
    /^Cannot read w\.pt: storage "\d+": expected \d+ bytes, got a file cut short after \d+$/,
  );
});

const MAGIC = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** A file in the old format. */
function writeLegacy(
  root: PickleWriter,
  { keys, storages, littleEndian = true, protocol = 1001 }: {
    keys: readonly string[];
    storages: readonly (readonly number[])[];
    littleEndian?: boolean;
    protocol?: number;
  },
): Uint8Array {
  const system = new PickleWriter().raw("}").text("little_endian").raw(littleEndian ? 0x88 : 0x89, "s");
  const list = new PickleWriter().raw("](");
  for (const key of keys) list.text(key);
  const pickles = [new PickleWriter().int(protocol), system, root, list.raw("e")].flatMap((
    pickle,
  ) => [...pickle.done()]);
  return Uint8Array.from([...MAGIC, ...pickles, ...storages.flat()]);
}

const ROOT = new PickleWriter().raw("}").text("w").tensor({
  storage: "ByteStorage",
  count: 2,
  shape: [2],
  strides: [1],
})
  .raw("s");

Deno.test("openTorchLegacy() reads storages in the order of their keys", async () => {
  const bytes = writeLegacy(ROOT, { keys: ["0"], storages: [uint64(2), [5, 6]] });
  const { tensors } = await openTorchLegacy(bytesSource(bytes), "w.pt");
  assert.deepEqual(await tensors.get("w")!.read(), Uint8Array.of(5, 6));
});

const LEGACY_FAULTS: readonly [title: string, bytes: Uint8Array, reason: string | RegExp][] = [
  [
    "a file from a big-endian machine",
    writeLegacy(ROOT, { keys: ["0"], storages: [uint64(2), [5, 6]], littleEndian: false }),
    "expected little-endian numbers, got a file from a big-endian machine; save it again on a little-endian one",
  ],
  [
    "another version of the format",
    writeLegacy(ROOT, { keys: ["0"], storages: [], protocol: 1002 }),
    "expected version 1001 of the format, got 1002",
  ],
  [
    "a storage of another size than tensors say",
    writeLegacy(ROOT, { keys: ["0"], storages: [uint64(3), [5, 6]] }),
    'storage "0": expected 2 elements, got 3',
  ],
  [
    "a storage that no tensor uses",
    writeLegacy(ROOT, { keys: ["1"], storages: [] }),
    'expected each storage that a tensor uses once, got "1"',
  ],
  [
    "a storage that comes twice",
    writeLegacy(ROOT, { keys: ["0", "0"], storages: [uint64(2), [5, 6], uint64(2), [5, 6]] }),
    'expected each storage that a tensor uses once, got "0"',
  ],
  [
    "a tensor without its storage",
    writeLegacy(ROOT, { keys: [], storages: [] }),
    'tensor "w": expected its storage "0" in the file, got none',
  ],
  [
    "a storage of 10 GB",
    writeLegacy(
      new PickleWriter().raw("}").text("w").tensor({ count: 2.5e9, shape: [2.5e9], strides: [1] }).raw("s"),
      { keys: ["0"], storages: [uint64(2.5e9)] },
    ),
    'storage "0": expected 10000000000 bytes, got a file cut short after 0',
  ],
  [
    "a command in the place of a value",
    Uint8Array.from([...MAGIC, ...new PickleWriter().global("posix", "system").text("id").raw(0x85, "R").done()]),
    /it wants to call posix\.system; /,
  ],
];

for (const [title, bytes, reason] of LEGACY_FAULTS) {
  Deno.test(`openTorchLegacy() refuses ${title}`, () => refused(openLegacy(bytes), reason));
}

Deno.test("openTorchLegacy() reads a structure that is longer than its first look at it", async () => {
  const root = new PickleWriter().raw("}").text("x".repeat(100_000)).tensor({
    storage: "ByteStorage",
    count: 2,
    shape: [2],
    strides: [1],
  }).raw("s");
  const bytes = writeLegacy(root, { keys: ["0"], storages: [uint64(2), [5, 6]] });
  const { tensors } = await openTorchLegacy(bytesSource(bytes), "w.pt");
  assert.deepEqual(await [...tensors.values()][0].read(), Uint8Array.of(5, 6));
});
