/** Every op and case without the plain kernels: the composites that any other backend starts from. */
import assert from "node:assert/strict";
import { OPS, selectBackend, tf } from "../../lib/tensor/mod.ts";
import { PLAIN_KERNELS } from "../../lib/tensor/op.ts";
import { compareWithReference } from "./_ops.ts";

await selectBackend("reference");
for (const name of PLAIN_KERNELS) tf.unregisterKernel(name, "cpu");

Deno.test("this process has none of the plain kernels", () => {
  assert.ok(PLAIN_KERNELS.length > 0);
  assert.ok(PLAIN_KERNELS.every((name) => !tf.getKernel(name, "cpu")));
});

for (const entry of OPS) {
  for (const opCase of entry.cases) {
    Deno.test(`${entry.definition.name}() through its composites equals its reference: ${opCase.title}`, async () => {
      await compareWithReference(entry, opCase);
    });
  }
}
