/** What a checkpoint of PyTorch may call, and the plain values that we make of it. */
import type { StoredType } from "./_element_types.ts";
import type { Fail } from "./_fail.ts";
import { Inert, PickleClass } from "./unpickle.ts";

/** Memory that tensors are views of. */
export class TorchStorage {
  /** Name of the storage within the checkpoint. */
  readonly key: string;
  readonly type: StoredType;
  /** Elements. */
  readonly count: number;

  constructor(key: string, { type, count }: { type: StoredType; count: number }) {
    this.key = key;
    this.type = type;
    this.count = count;
  }
}

/** A view of a storage; offset and strides in elements. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: TorchStorage, view: { offset: number; shape: readonly number[]; strides: readonly number[] }) {
    this.storage = storage;
    this.offset = view.offset;
    this.shape = view.shape;
    this.strides = view.strides;
  }
}

const STORAGES: Readonly<Record<string, StoredType>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

/** Objects that lie beside tensors in checkpoints and say nothing about weights: read over, nothing of them is kept. */
const IGNORED: Readonly<Record<string, string>> = {
  "_codecs": "encode",
  "argparse": "Namespace",
  "builtins": "bool bytearray bytes complex dict float frozenset int list set slice str tuple",
  "__builtin__": "bool bytearray bytes complex dict float frozenset int list long set slice str tuple unicode",
  "collections": "Counter defaultdict deque",
  "numpy": "dtype ndarray",
  "numpy.core.multiarray": "_reconstruct scalar",
  "numpy._core.multiarray": "_reconstruct scalar",
  "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
  "torch": "Size Generator bfloat16 bool cdouble cfloat channels_last channels_last_3d complex128 complex64 " +
    "contiguous_format device double float float16 float32 float64 half int int16 int32 int64 int8 long " +
    "preserve_format short strided uint8",
  "torch.serialization": "_get_layout",
};

/** The list of allowed calls for one file. */
export function torchClasses(fail: Fail): ReadonlyMap<string, PickleClass> {
  const classes = new Map<string, PickleClass>();
  const add = (name: string, construct: PickleClass["construct"]): void => {
    classes.set(name, new PickleClass(name, construct));
  };
  for (const [module, names] of Object.entries(IGNORED)) {
    for (const name of names.split(" ")) add(`${module}.${name}`, () => new Inert());
  }
  for (const name of Object.keys(STORAGES)) {
    for (const module of ["torch", "torch.cuda"]) add(`${module}.${name}`, () => new Inert());
  }
  add("collections.OrderedDict", ([pairs]) => dictionaryOf(pairs, fail));
  for (const version of ["", "_v2"]) add(`torch._utils._rebuild_tensor${version}`, (args) => tensorOf(args, fail));
  for (const kind of ["", "_with_state"]) add(`torch._utils._rebuild_parameter${kind}`, ([tensor]) => tensor);
  return classes;
}

/** The storage that a persistent id names: `("storage", class, key, device, elements)`. */
export function storageOf(id: unknown, fail: Fail): TorchStorage {
  const [kind, kindOfStorage, key, , count, view = null] = Array.isArray(id) ? id : [];
  const type = kindOfStorage instanceof PickleClass ? STORAGES[kindOfStorage.name.split(".").at(-1)!] : undefined;
  if (kind !== "storage" || type === undefined || typeof key !== "string" || !isIndex(count)) {
    return fail("expected a storage with its type, key and number of elements, got another object outside the pickle");
  }
  if (view !== null) fail("expected whole storages, got a view of one, as versions before 0.4 of PyTorch wrote");
  return new TorchStorage(key, { type, count });
}

function tensorOf([storage, offset, shape, strides]: readonly unknown[], fail: Fail): TorchTensor {
  const isView = storage instanceof TorchStorage && isIndex(offset) && isIndices(shape) && isIndices(strides);
  if (!isView || shape.length !== strides.length) {
    return fail("expected a tensor with storage, offset, shape and strides, got something else");
  }
  return new TorchTensor(storage, { offset, shape, strides });
}

function dictionaryOf(pairs: unknown, fail: Fail): Map<unknown, unknown> {
  if (pairs === undefined) return new Map();
  if (pairs instanceof Map) return new Map(pairs);
  const isList = Array.isArray(pairs) && pairs.every((pair) => Array.isArray(pair) && pair.length === 2);
  return isList ? new Map(pairs) : fail("expected an OrderedDict of pairs, got something else");
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isIndices(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isIndex);
}
