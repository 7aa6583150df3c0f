/**
 * The doctor with something broken on purpose, as a program of its own: faults cannot be mended within a process.
 *
 * The first argument says what is broken, the others go to the task.
 */
import type { OpEntry, Tensor } from "../../lib/tensor/mod.ts";
import { main } from "../../tasks/doctor.ts";

const [fault, ...args] = Deno.args;

/** Two operations, the second with a gradient that is wrong in one place. */
async function operations(): Promise<OpEntry[]> {
  const { OPS, tf } = await import("../../lib/tensor/mod.ts");
  const [linear, gelu] = ["linear", "gelu"].map((name) => OPS.find(({ definition }) => definition.name === name)!);
  const spoil = tf.customGrad((y) => ({
    value: tf.clone(y as Tensor),
    gradFunc: (dy: Tensor) => tf.add(dy, tf.reshape(tf.oneHot(tf.tensor1d([3], "int32"), dy.size), dy.shape)),
  }));
  const wrong: OpEntry = {
    ...gelu,
    cases: gelu.cases.slice(0, 1),
    apply: (inputs, attributes) => spoil(gelu.apply(inputs, attributes)),
  };
  return [linear, wrong];
}

/** Every attempt at shared memory fails, and there is no graphics processor. */
function breakPlatform(): void {
  WebAssembly.Memory = class {
    constructor() {
      throw new RangeError("no memory here");
    }
  } as unknown as typeof WebAssembly.Memory;
  Object.defineProperty(navigator, "gpu", { value: undefined });
}

if (fault === "platform") breakPlatform();
const ops = fault === "gradient" ? await operations() : undefined;
Deno.exit(await main(args, { print: console.log, ops }));
