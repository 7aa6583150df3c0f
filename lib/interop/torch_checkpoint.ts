/**
 * Checkpoints that torch.save wrote: the zip format of PyTorch 1.6 and later, and the format before it.
 *
 * Nothing in a file is executed: its pickles are read as data (see unpickle.ts), and its tensors when they are asked for.
 */
import { ELEMENT_TYPES } from "./_element_types.ts";
import { failureOf } from "./_fail.ts";
import type { Fail } from "./_fail.ts";
import { findStateDict } from "./_state_dict.ts";
import { storageOf, torchClasses } from "./_torch_classes.ts";
import type { TorchStorage } from "./_torch_classes.ts";
import { lazyTorchTensor } from "./_torch_tensors.ts";
import type { StoragePlace, TorchFile } from "./_torch_tensors.ts";
import type { ByteSource } from "./byte_source.ts";
import type { LazyTensor } from "./lazy_tensor.ts";
import { MoreBytesNeeded, unpickle } from "./unpickle.ts";
import { readZipDirectory } from "./zip.ts";
import type { ZipEntry } from "./zip.ts";

/** The weights of a checkpoint, still in it. */
export interface TorchCheckpoint {
  /** The tensors by name, in the order of the checkpoint. */
  readonly tensors: Map<string, LazyTensor>;
  /** Keys that lead to them, joined by dots: `model_state_dict`; empty when they are the checkpoint itself. */
  readonly part: string;
  /** Names of what is not read: what lies beside the weights, and what among them is no tensor. */
  readonly ignored: readonly string[];
}

/** Structures of thousands of tensors take less than a megabyte. */
const MAX_PICKLE_BYTES = 32 * 2 ** 20;
const MAX_STORAGES = 100_000;
const FIRST_WINDOW = 64 * 2 ** 10;
/** The first value in a file of the format before 1.6. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/**
 * Opens a checkpoint in PyTorch's zip format.
 *
 * F16 and BF16 elements are widened to F32, I16 and I8 to I32; F64 stay. Non-contiguous views are put in order as they
 * are read. Checksums are not compared.
 *
 * @param file path of the file, for messages
 * @throws {CheckpointError} when the file is damaged or cut short, calls anything but what rebuilds tensors and plain
 * values, is big-endian, claims more than it holds, or has no tensors by name
 */
export async function openTorchZip(source: ByteSource, file: string): Promise<TorchCheckpoint> {
  const fail = failureOf(file);
  const entries = await readZipDirectory(source, fail);
  const root = rootOf(entries, fail);
  const pickle = entries.get(`${root}/data.pkl`)!;
  if (entries.has(`${root}/constants.pkl`)) fail("expected a state dict from torch.save, got a TorchScript program");
  await checkByteOrder(entries.get(`${root}/byteorder`), { source, fail });
  if (pickle.size > MAX_PICKLE_BYTES) {
    fail(`expected a structure (data.pkl) of at most ${MAX_PICKLE_BYTES} bytes, got ${pickle.size}`);
  }
  const bytes = await source.read(pickle.offset, pickle.size);
  const persistent = (id: unknown): TorchStorage => storageOf(id, fail);
  const { value } = unpickle(bytes, { classes: torchClasses(fail), persistent, fail });
  return weightsOf(value, { source, placeOf: ({ key }) => entries.get(`${root}/data/${key}`), fail });
}

/**
 * Opens a checkpoint in the format before PyTorch 1.6, which `_use_new_zipfile_serialization=False` still writes.
 *
 * @param file path of the file, for messages
 * @throws {CheckpointError} as {@link openTorchZip} does
 */
export async function openTorchLegacy(source: ByteSource, file: string): Promise<TorchCheckpoint> {
  const fail = failureOf(file);
  const storages = new Map<string, TorchStorage>();
  const pickles = new PickleSequence(source, { storages, fail });
  if (await pickles.next() !== LEGACY_MAGIC) {
    fail("expected the magic number of a PyTorch checkpoint, got another value");
  }
  const protocol = await pickles.next();
  if (protocol !== LEGACY_PROTOCOL) fail(`expected version ${LEGACY_PROTOCOL} of the format, got ${protocol}`);
  const system = await pickles.next();
  if (system instanceof Map && system.get("little_endian") === false) {
    fail("expected little-endian numbers, got a file from a big-endian machine; save it again on a little-endian one");
  }
  const root = await pickles.next();
  const keys = await pickles.next();
  const places = await placeStorages(keys, { source, start: pickles.position, storages, fail });
  return weightsOf(root, { source, placeOf: ({ key }) => places.get(key), fail });
}

function weightsOf(root: unknown, file: TorchFile): TorchCheckpoint {
  const { part, tensors, ignored } = findStateDict(root, file.fail);
  const lazy = [...tensors].map(([name, tensor]) => [name, lazyTorchTensor(name, tensor, file)] as const);
  return { tensors: new Map(lazy), part, ignored };
}

/** The folder that everything in the zip file lies in. */
function rootOf(entries: ReadonlyMap<string, ZipEntry>, fail: Fail): string {
  const roots = [...entries.keys()].flatMap((name) => name.match(/^([^/]+)\/data\.pkl$/)?.[1] ?? []);
  if (roots.length === 1) return roots[0];
  return fail(`expected a PyTorch checkpoint with one FOLDER/data.pkl, got a zip file with ${roots.length || "none"}`);
}

async function checkByteOrder(
  entry: ZipEntry | undefined,
  { source, fail }: { source: ByteSource; fail: Fail },
): Promise<void> {
  if (entry === undefined) return;
  const order = new TextDecoder().decode(await source.read(entry.offset, Math.min(entry.size, 16)));
  if (order === "little") return;
  fail(`expected little-endian numbers, got byteorder "${order}"; save it again on a little-endian machine`);
}

/** Pickles one after another; how long each is, only reading it tells. */
class PickleSequence {
  readonly #source: ByteSource;
  readonly #storages: Map<string, TorchStorage>;
  readonly #fail: Fail;
  /** Where the next pickle begins. */
  position = 0;

  constructor(source: ByteSource, { storages, fail }: { storages: Map<string, TorchStorage>; fail: Fail }) {
    this.#source = source;
    this.#storages = storages;
    this.#fail = fail;
  }

  async next(): Promise<unknown> {
    const rest = this.#source.size - this.position;
    const limit = Math.min(rest, MAX_PICKLE_BYTES);
    for (let window = Math.min(limit, FIRST_WINDOW);; window = Math.min(limit, 4 * window)) {
      const bytes = await this.#source.read(this.position, window);
      try {
        const { value, length } = this.#unpickle(bytes, { hasMore: window < limit });
        this.position += length;
        return value;
      } catch (error) {
        if (!(error instanceof MoreBytesNeeded)) throw error;
      }
    }
  }

  #unpickle(bytes: Uint8Array, { hasMore }: { hasMore: boolean }): { value: unknown; length: number } {
    const persistent = (id: unknown): TorchStorage => {
      const storage = storageOf(id, this.#fail);
      this.#storages.set(storage.key, storage);
      return storage;
    };
    return unpickle(bytes, { classes: torchClasses(this.#fail), persistent, fail: this.#fail, hasMore });
  }
}

/** Where each storage lies: in the order of the keys, its number of elements and then these. */
async function placeStorages(
  keys: unknown,
  { source, start, storages, fail }: {
    source: ByteSource;
    start: number;
    storages: ReadonlyMap<string, TorchStorage>;
    fail: Fail;
  },
): Promise<Map<string, StoragePlace>> {
  if (!Array.isArray(keys) || keys.length > MAX_STORAGES) {
    return fail(`expected a list of at most ${MAX_STORAGES} storages, got something else`);
  }
  const places = new Map<string, StoragePlace>();
  let at = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined || places.has(key)) {
      return fail(`expected each storage that a tensor uses once, got ${JSON.stringify(String(key))}`);
    }
    const size = storage.count * ELEMENT_TYPES[storage.type].bytes;
    const offset = at + 8;
    if (offset + size > source.size) {
      fail(`storage "${key}": expected ${size} bytes, got a file cut short after ${Math.max(0, source.size - offset)}`);
    }
    const head = await source.read(at, 8);
    const count = new DataView(head.buffer, head.byteOffset).getBigInt64(0, true);
    if (count !== BigInt(storage.count)) fail(`storage "${key}": expected ${storage.count} elements, got ${count}`);
    places.set(key, { offset, size });
    at = offset + size;
  }
  return places;
}
