import assert from "node:assert/strict";
import { workgroupRow } from "../../../lib/tensor/webgpu/runtime.ts";

const limits = { maxComputeWorkgroupsPerDimension: 100 } as GPUSupportedLimits;

Deno.test("workgroupRow() lays workgroups over as many rows as it takes", () => {
  assert.deepEqual(workgroupRow(1, limits), [1, 1]);
  assert.deepEqual(workgroupRow(100, limits), [100, 1]);
  assert.deepEqual(workgroupRow(101, limits), [51, 2]);
  assert.deepEqual(workgroupRow(10_000, limits), [100, 100]);
});

Deno.test("workgroupRow() throws when two dimensions do not hold them", () => {
  assert.throws(() => workgroupRow(10_001, limits), {
    name: "RangeError",
    message: "Cannot dispatch: expected at most 100² workgroups, got 10001",
  });
});
