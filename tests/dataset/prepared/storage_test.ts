import { deepEqual, equal, ok } from "node:assert/strict";
import { loadRow, scaleOf, STORAGE_TYPES, storedArray, storeRow } from "../../../lib/dataset/prepared/storage.ts";
import type { StorageType } from "../../../lib/dataset/prepared/storage.ts";

function roundTrip(values: readonly number[], type: StorageType): number[] {
  const intensities = Float32Array.from(values);
  const row = { from: 0, to: 0, length: values.length, ...scaleOf(intensities, type) };
  const stored = storedArray(type, values.length);
  storeRow(intensities, stored, row);
  const out = new Float32Array(values.length);
  loadRow(stored, out, row);
  return [...out];
}

Deno.test("scaleOf() stores [0, 1] as it is in floats and in 255 steps in bytes", () => {
  const values = Float32Array.from([0, 0.5, 1]);
  deepEqual(scaleOf(values, "float32"), { scale: 1, offset: 0 });
  deepEqual(scaleOf(values, "float16"), { scale: 1, offset: 0 });
  deepEqual(scaleOf(values, "uint8"), { scale: 1 / 255, offset: 0 });
});

Deno.test("scaleOf() brings values that half precision cannot hold into its range by a power of two", () => {
  deepEqual(scaleOf(Float32Array.from([-5, 65504]), "float16"), { scale: 1, offset: 0 });
  deepEqual(scaleOf(Float32Array.from([-196608, 3]), "float16"), { scale: 4, offset: 0 });
  deepEqual(roundTrip([-196608, 65504, 0], "float16"), [-196608, 65504, 0]);
});

Deno.test("scaleOf() spans negative values in bytes, and a channel of one value", () => {
  deepEqual(scaleOf(Float32Array.from([-1, 4]), "uint8"), { scale: 5 / 255, offset: -1 });
  deepEqual(roundTrip([-51, 0, 204], "uint8"), [-51, 0, 204]);
  deepEqual(roundTrip([0, 0], "uint8"), [0, 0]);
});

Deno.test("storeRow() and loadRow() keep every bit of float32, and the rounding of the others", () => {
  const values = Array.from({ length: 999 }, (_, i) => Math.fround(i / 998));
  deepEqual(roundTrip(values, "float32"), values);
  const errors = (type: StorageType): number =>
    Math.max(...roundTrip(values, type).map((value, i) => Math.abs(value - values[i])));
  ok(errors("float16") <= 2 ** -12);
  ok(errors("float16") > 0);
  ok(errors("uint8") <= 0.5 / 255 + 1e-7);
  for (const type of STORAGE_TYPES) {
    deepEqual([roundTrip(values, type)[0], roundTrip(values, type)[998]], [0, 1], type);
  }
});

Deno.test("storeRow() and loadRow() touch their rows only", () => {
  for (const type of STORAGE_TYPES) {
    const stored = storedArray(type, 4);
    storeRow(Float32Array.from([0, 1, 1, 0]), stored, { from: 1, to: 2, length: 1, scale: 1, offset: 0 });
    deepEqual([...stored], [0, 0, 1, 0]);
    const out = new Float32Array(3).fill(-1);
    loadRow(stored, out, { from: 2, to: 1, length: 1, scale: 1, offset: 0 });
    deepEqual([...out], [-1, 1, -1]);
    equal(stored.length, 4);
  }
});
