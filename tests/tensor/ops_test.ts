/** Every backend, op and case: value and gradients against tfjs's autodiff of the op's reference. */
import { OPS, selectBackend } from "../../lib/tensor/mod.ts";
import { compareWithReference } from "./_ops.ts";

for (const backend of ["reference", "simd"] as const) {
  for (const entry of OPS) {
    for (const opCase of entry.cases) {
      const title = `equals its reference on ${backend}, value and gradients: ${opCase.title}`;
      Deno.test(`${entry.definition.name}() ${title}`, async () => {
        await selectBackend(backend);
        compareWithReference(entry, opCase);
      });
    }
  }
}
