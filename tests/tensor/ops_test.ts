/** Every backend, op and case: value and gradients against tfjs's autodiff of the op's reference. */
import { OPS, selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { SimdBackend } from "../../lib/tensor/simd/backend.ts";
import { compareWithReference } from "./_ops.ts";

for (const backend of ["reference", "simd"] as const) {
  for (const entry of OPS) {
    for (const opCase of entry.cases) {
      const title = `equals its reference on ${backend}, value and gradients: ${opCase.title}`;
      Deno.test(`${entry.definition.name}() ${title}`, async () => {
        await selectBackend(backend);
        // Values that a kernel leaves unwritten, or reads past the end of its inputs, are then NaN.
        if (backend === "simd") (tf.backend() as unknown as SimdBackend).poison = true;
        await compareWithReference(entry, opCase);
      });
    }
  }
}
