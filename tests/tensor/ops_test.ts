/** Every op and case: value and gradients against tfjs's autodiff of the op's reference. */
import { OPS, selectBackend } from "../../lib/tensor/mod.ts";
import { compareWithReference } from "./_ops.ts";

await selectBackend("reference");

for (const entry of OPS) {
  for (const opCase of entry.cases) {
    Deno.test(`${entry.definition.name}() equals its reference, value and gradients: ${opCase.title}`, () => {
      compareWithReference(entry, opCase);
    });
  }
}
