/** Ops with kernels of their own for adapters that are not the CPU: those kernels, wherever the tests run. */
import assert from "node:assert/strict";
import { OPS, selectBackend, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import type { OpCase } from "../../../lib/tensor/op.ts";
import type { GpuBackend } from "../../../lib/tensor/webgpu/backend.ts";
import { caseInputs, evaluate, relativeError } from "../_ops.ts";
import { gpuTest } from "./_gpu.ts";

const TOLERANCE = 1e-5;

function attention([batch, tokens, heads, width]: readonly [number, number, number, number]): OpCase {
  return {
    title: `${tokens} tokens, ${heads} heads of ${width}`,
    shapes: { qkv: [batch, tokens, 3 * heads * width] },
    attributes: { heads, scale: 1 / Math.sqrt(width) },
    flops: 0,
  };
}

/** Sizes around the 64 rows and columns of a tile and its 16 and 64 channels, and heads that no tile holds. */
const ATTENTION = ([
  [1, 1, 1, 4],
  [2, 63, 2, 15],
  [1, 64, 1, 16],
  [1, 65, 2, 20],
  [2, 97, 1, 32],
  [1, 130, 2, 64],
  [1, 216, 1, 64],
  [1, 33, 2, 80],
  [1, 10, 1, 513],
] as const).map(attention);

const GROUPS: Readonly<Record<string, readonly OpCase[]>> = { mlp: [], selfAttention: ATTENTION };

/** Output and gradients by name. */
async function valuesOf(opCase: OpCase, { name, reference }: { name: string; reference: boolean }) {
  const entry = OPS.find(({ definition }) => definition.name === name)!;
  const { output, gradients } = tf.tidy(() => {
    const run = (inputs: Record<string, Tensor>): Tensor =>
      reference ? entry.definition.reference(inputs, opCase.attributes) : entry.apply(inputs, opCase.attributes);
    return evaluate(run, entry, caseInputs(opCase)) as unknown as { output: Tensor; gradients: Record<string, Tensor> };
  });
  const named = { output, ...gradients };
  const values = await Promise.all(Object.entries(named).map(async ([key, tensor]) => [key, await tensor.data()]));
  tf.dispose(named);
  return Object.fromEntries(values) as Record<string, ArrayLike<number>>;
}

/** Computes as another kind of adapter would. */
async function withKernelsFor<T>(backend: GpuBackend, isSoftware: boolean, run: () => Promise<T>): Promise<T> {
  const before = backend.isSoftware;
  Object.assign(backend, { isSoftware });
  try {
    return await run();
  } finally {
    Object.assign(backend, { isSoftware: before });
  }
}

for (const [name, more] of Object.entries(GROUPS)) {
  const { cases } = OPS.find(({ definition }) => definition.name === name)!;
  for (const opCase of [...cases, ...more]) {
    // The table's cases run with the adapter's own kernels in ops_test.ts.
    for (const isSoftware of more.includes(opCase) ? [false, true] : [false]) {
      const kind = isSoftware ? "the CPU" : "a real GPU";
      gpuTest(`${name}() with the kernels for ${kind} equals its reference: ${opCase.title}`, async (backend) => {
        const run = (): ReturnType<typeof valuesOf> => valuesOf(opCase, { name, reference: false });
        const actual = await withKernelsFor(backend, isSoftware, run);
        await selectBackend("reference");
        for (const [key, expected] of Object.entries(await valuesOf(opCase, { name, reference: true }))) {
          const { error, text } = relativeError(actual[key], expected);
          assert.ok(error <= TOLERANCE, `${key}: ${text}`);
        }
      });
    }
  }
}
