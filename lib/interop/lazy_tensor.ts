/** Tensors of a file that are read when they are asked for. */

/** The element types that are handed out and written, with the array that holds each. */
export interface SafetensorArrays {
  /** 64-bit floats. */
  readonly F64: Float64Array;
  /** 32-bit floats. */
  readonly F32: Float32Array;
  /** 64-bit integers. */
  readonly I64: BigInt64Array;
  /** 32-bit integers. */
  readonly I32: Int32Array;
  /** Bytes. */
  readonly U8: Uint8Array;
  /** Truth values, one byte each: 0 or 1. */
  readonly BOOL: Uint8Array;
}

/** Name of an element type. */
export type TensorDtype = keyof SafetensorArrays;

/** Elements of a tensor. */
export type TensorValues = SafetensorArrays[TensorDtype];

/** One tensor: element type, shape, and elements in row-major order. */
export type Safetensor = {
  [D in TensorDtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: SafetensorArrays[D];
  };
}[TensorDtype];

/** A tensor that lies in a file. */
export interface LazyTensor {
  readonly name: string;
  /** Type of the elements that {@linkcode read} gives. */
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** Reads the elements, in row-major order, into an array of their own. */
  read(): Promise<TensorValues>;
}
