/**
 * Cast of integers and truth values to float32.
 *
 * tfjs only calls them float32 and remembers that their memory holds integers, which its own shaders convert as they read.
 * Ours would read the integer 1 as a float next to 0.
 */
import type { TensorInfo } from "../../tf.ts";
import { workgroupRow } from "../runtime.ts";
import { registerBefore, runOne } from "./_register.ts";
import type { KernelCall } from "./_register.ts";
import source from "./cast.wgsl" with { type: "text" };

/** Puts the kernel before tfjs's. */
export function registerCast(): void {
  registerBefore("Cast", cast);
}

function cast({ inputs: { x }, attrs, backend }: KernelCall): TensorInfo | null {
  if (attrs.dtype !== "float32" || (x.dtype !== "int32" && x.dtype !== "bool") || x.shape.includes(0)) return null;
  return runOne(
    { backend, inputs: { x }, cut: { name: "Cast", cut: { along: "values", of: ["x"] } } },
    (arrays, runtime) => {
      const y = runtime.output(arrays.x.shape);
      runtime.run({ name: "cast", source }, {
        workgroups: workgroupRow(Math.ceil(y.length / 256), runtime.limits),
        inputs: [arrays.x],
        outputs: [y],
        integers: [y.length],
      });
      return y;
    },
  );
}
