import assert from "node:assert/strict";
import { withValues } from "../../../lib/tensor/webgpu/elementwise.ts";

Deno.test("withValues() says first what a source calls Values, and keeps the order of the sources", () => {
  assert.equal(withValues(4, "a", "b"), "alias Values = vec4f;\na\nb");
  assert.equal(withValues(1, "a"), "alias Values = f32;\na");
});
