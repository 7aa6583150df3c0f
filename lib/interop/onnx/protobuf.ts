/** Protocol buffers, writing only: the few wire types that ONNX uses. */

/** An encoded message or field, in pieces to be written one after another; large byte strings are views, not copies. */
export type Pieces = readonly Uint8Array[];

/** How a field's value follows its number. */
const VARINT = 0, LENGTH_DELIMITED = 2, FIXED32 = 5;

/** Bytes in all pieces. */
export function byteLength(pieces: Pieces): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/**
 * An integer field (int32, int64, enum).
 *
 * @throws {RangeError} when the value is not an integer of 53 bits
 */
export function intField(number: number, value: number): Pieces {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`Cannot write protobuf field ${number}: expected an integer of 53 bits, got ${value}`);
  }
  return [Uint8Array.from([...tag(number, VARINT), ...varint(BigInt(value))])];
}

/** A float field. */
export function floatField(number: number, value: number): Pieces {
  return [Uint8Array.from([...tag(number, FIXED32), ...new Uint8Array(Float32Array.of(value).buffer)])];
}

/** A string field. */
export function textField(number: number, text: string): Pieces {
  return messageField(number, [new TextEncoder().encode(text)]);
}

/** A bytes field, or an embedded message. */
export function messageField(number: number, content: Pieces): Pieces {
  return [Uint8Array.from([...tag(number, LENGTH_DELIMITED), ...varint(BigInt(byteLength(content)))]), ...content];
}

function tag(number: number, wireType: number): number[] {
  return varint(BigInt(number * 8 + wireType));
}

/** Seven bits per byte, lowest first; negative numbers as 64-bit two's complement. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}
