/** Tensors of a PyTorch checkpoint as lazy ones: views checked against their storages, and storages against the file. */
import { formatShape } from "../errors.ts";
import { ELEMENT_TYPES, elementCount, ownBuffer } from "./_element_types.ts";
import type { ElementType } from "./_element_types.ts";
import type { Fail } from "./_fail.ts";
import type { TorchStorage, TorchTensor } from "./_torch_classes.ts";
import type { ByteSource } from "./byte_source.ts";
import type { LazyTensor, TensorValues } from "./lazy_tensor.ts";

/** Where the bytes of a storage lie. */
export interface StoragePlace {
  readonly offset: number;
  readonly size: number;
}

/** What lazy tensors are made with. */
export interface TorchFile {
  readonly source: ByteSource;
  /** The place of a storage; undefined when the file has none. */
  readonly placeOf: (storage: TorchStorage) => StoragePlace | undefined;
  readonly fail: Fail;
}

/**
 * A tensor that is read when it is asked for.
 *
 * Nothing is allocated before what the tensor claims is found in the file: a view that reaches beyond its storage, or
 * that repeats its elements to more than the storage has, is refused here.
 */
export function lazyTorchTensor(name: string, tensor: TorchTensor, { source, placeOf, fail }: TorchFile): LazyTensor {
  const { storage, offset, shape } = tensor;
  const type: ElementType = ELEMENT_TYPES[storage.type];
  const place = placeOf(storage);
  if (place === undefined) return fail(`tensor "${name}": expected its storage "${storage.key}" in the file, got none`);
  if (storage.count * type.bytes > place.size) {
    fail(
      `tensor "${name}": expected ${storage.count * type.bytes} bytes for its ${storage.count} elements of ` +
        `${storage.type}, got ${place.size}`,
    );
  }
  const span = spanOf(tensor);
  if (offset + span > storage.count) {
    fail(`tensor "${name}": expected a view within its storage of ${storage.count}, got one up to ${offset + span}`);
  }
  if (elementCount(shape) > storage.count) {
    fail(`tensor "${name}": expected at most its storage's ${storage.count} elements, got shape ${formatShape(shape)}`);
  }
  const read: LazyTensor["read"] = async () => {
    const bytes = await source.read(place.offset + offset * type.bytes, span * type.bytes);
    const values = type.decode(ownBuffer(bytes));
    return isContiguous(tensor) ? values : gather(values, { tensor, type });
  };
  return { name, dtype: type.dtype, shape, read };
}

/** Elements from the first of a view to its last. */
function spanOf({ shape, strides }: TorchTensor): number {
  if (elementCount(shape) === 0) return 0;
  return shape.reduce((last, size, axis) => last + (size - 1) * strides[axis], 0) + 1;
}

function isContiguous({ shape, strides }: TorchTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return elementCount(shape) === 0;
    expected *= shape[axis];
  }
  return true;
}

/** Elements of a view in row-major order. */
function gather(values: TensorValues, { tensor, type }: { tensor: TorchTensor; type: ElementType }): TensorValues {
  const { shape, strides } = tensor;
  const count = elementCount(shape);
  const bytesPerElement = values.BYTES_PER_ELEMENT;
  const result = type.decode(new ArrayBuffer(count * type.bytes));
  const [from, to] = [values, result].map(({ buffer }) => bitsOf(buffer as ArrayBuffer, bytesPerElement));
  const index = shape.map(() => 0);
  for (let i = 0, at = 0; i < count; i++) {
    to[i] = from[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** Numbers that hold the bits of elements: one loop copies all types, and NaNs with every bit they have. */
function bitsOf(buffer: ArrayBuffer, bytes: number): { [index: number]: bigint } | { [index: number]: number } {
  if (bytes === 8) return new BigUint64Array(buffer);
  return bytes === 4 ? new Uint32Array(buffer) : new Uint8Array(buffer);
}
