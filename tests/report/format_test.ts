import assert from "node:assert/strict";
import { formatCount, formatGain, plural } from "../../lib/report/format.ts";

Deno.test("formatGain() always shows the sign", () => {
  assert.deepEqual([1, 0, -0.5, NaN, Infinity].map(formatGain), ["+1.00", "+0.00", "-0.50", "n/a", "n/a"]);
});

Deno.test("formatCount() separates thousands", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(formatCount), ["0", "999", "1,000", "1,234,567"]);
});

Deno.test("plural() agrees with its count", () => {
  assert.deepEqual([0, 1, 2000].map((count) => plural(count, "pair")), ["0 pairs", "1 pair", "2,000 pairs"]);
});
