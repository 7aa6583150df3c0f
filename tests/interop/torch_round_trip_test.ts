/** Ours → safetensors → PyTorch → torch.save → ours: not a bit changes. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  bytesSource,
  encodeSafetensors,
  openWeights,
  type Safetensor,
  streamSafetensors,
  type TensorDtype,
} from "../../lib/interop/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { findPython, runs } from "../_torch.ts";
import { concatenate } from "./_pickle_writer.ts";

const SCRIPT = fileURLToPath(new URL("./_round_trip.py", import.meta.url));

const ARRAYS = { F64: Float64Array, F32: Float32Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array };

/** Any bits, so that there are NaNs of all kinds, infinities and denormals among the floats. */
function randomTensor(dtype: Exclude<TensorDtype, "BOOL">, shape: readonly number[]): Safetensor {
  const random = randomStream(3, `${dtype} ${shape}`);
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = Uint8Array.from({ length: count * ARRAYS[dtype].BYTES_PER_ELEMENT }, () => random.integer(256));
  return { dtype, shape, data: new ARRAYS[dtype](bytes.buffer) } as Safetensor;
}

const python = await findPython();
const missing = python === undefined ? " (ignored: no python3 with torch here)" : "";

Deno.test({
  name: `openWeights() gets back every bit that PyTorch read from ours and saved, in all its formats${missing}`,
  ignore: python === undefined,
  fn: async () => {
    const tensors = new Map<string, Safetensor>();
    for (const dtype of ["F64", "F32", "I64", "I32", "U8"] as const) {
      for (const shape of [[], [7], [5, 3], [3, 5], [2, 3, 1, 4]]) {
        tensors.set(`${dtype}.${shape.length}${shape[0]}`, randomTensor(dtype, shape));
      }
    }
    tensors.set("flags", { dtype: "BOOL", shape: [2, 2], data: Uint8Array.of(1, 0, 0, 1) });
    const original = concatenate(encodeSafetensors(tensors));
    const folder = await Deno.makeTempDir();
    try {
      const [source, ...saved] = ["in.safetensors", "zip.pt", "protocol4.pt", "legacy.pt"].map((name) =>
        `${folder}/${name}`
      );
      await Deno.writeFile(source, original);
      assert.ok(await runs(python!, [SCRIPT, source, ...saved]));
      for (const file of saved) {
        const weights = await openWeights(bytesSource(await Deno.readFile(file)), file);
        assert.equal(weights.part, "state_dict");
        const chunks = await Array.fromAsync(streamSafetensors([...weights.tensors.values()]).chunks());
        assert.deepEqual(concatenate(chunks), original, file);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
