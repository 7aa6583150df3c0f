import assert from "node:assert/strict";
import {
  byteLength,
  floatField,
  intField,
  messageField,
  type Pieces,
  textField,
} from "../../../lib/interop/onnx/protobuf.ts";

function bytesOf(pieces: Pieces): number[] {
  return pieces.flatMap((piece) => [...piece]);
}

// The first three are the examples of the format's own documentation.
const FIELDS: readonly [what: string, field: Pieces, bytes: readonly number[]][] = [
  ["an integer of two bytes", intField(1, 150), [0x08, 0x96, 0x01]],
  ["text", textField(2, "testing"), [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]],
  ["an embedded message", messageField(3, intField(1, 150)), [0x1a, 0x03, 0x08, 0x96, 0x01]],
  ["zero", intField(2, 0), [0x10, 0x00]],
  ["−1 as 64 bits", intField(1, -1), [0x08, ...Array(9).fill(0xff), 0x01]],
  ["an integer over 32 bits", intField(1, 2 ** 35), [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ["a field number of two bytes", intField(20, 7), [0xa0, 0x01, 0x07]],
  ["a float, little-endian", floatField(2, -0.25), [0x15, 0x00, 0x00, 0x80, 0xbe]],
  ["text beyond ASCII", textField(1, "é"), [0x0a, 0x02, 0xc3, 0xa9]],
  ["no text", textField(1, ""), [0x0a, 0x00]],
];

for (const [what, field, bytes] of FIELDS) {
  Deno.test(`a protobuf field holds ${what}`, () => {
    assert.deepEqual(bytesOf(field), bytes);
    assert.equal(byteLength(field), bytes.length);
  });
}

Deno.test("messageField() hands on its content as views", () => {
  const content = new Uint8Array(300);
  const [head, ...rest] = messageField(9, [content]);
  assert.deepEqual([...head], [0x4a, 0xac, 0x02]);
  assert.equal(rest[0], content);
});

Deno.test("intField() refuses what is no integer", () => {
  assert.throws(() => intField(3, 1.5), {
    name: "RangeError",
    message: "Cannot write protobuf field 3: expected an integer of 53 bits, got 1.5",
  });
});
