import assert from "node:assert/strict";
import { decodeSafetensors, encodeSafetensors } from "../../lib/interop/mod.ts";
import type { Safetensor } from "../../lib/interop/mod.ts";
import type { Parameter } from "../../lib/model/mod.ts";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import { AdamW } from "../../lib/trainer/adamw.ts";
import { restoreCheckpoint, takeCheckpoint } from "../../lib/trainer/checkpoint.ts";
import type { CheckpointParts } from "../../lib/trainer/checkpoint.ts";
import { modelOfCheckpoint, parseState } from "../../lib/trainer/mod.ts";
import { joinBytes, TEMPLATE, toyModel, toyTemplates, uniforms } from "./_toy.ts";

await selectBackend("reference");

const FILE = "step-9.safetensors";
const STATE = {
  next: { epoch: 3, index: 1 },
  updates: 9,
  records: 12,
  contrastiveSince: 2,
  templatesSeenAt: null,
  options: "those of the run",
};

/** Parts of a toy run; `updates` AdamW updates are made of all parameters but `unused`. */
function openParts({ seed, updates }: { seed: number; updates: number }): CheckpointParts & Disposable {
  const model = toyModel({ seed });
  const templates = toyTemplates({ trained: updates > 0 });
  const parameters = [...model.parameters, templates.parameter as Parameter];
  const optimizer = new AdamW(parameters.filter(({ trainable }) => trainable), {
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0.1,
  });
  for (let update = 0; update < updates; update++) {
    const gradients = new Map(
      parameters.filter(({ name }) => name !== "unused").map(({ name, variable }) => {
        return [name, tf.tensor(uniforms(variable.size, `${name} gradient ${update}`), variable.shape)];
      }),
    );
    optimizer.apply(gradients, () => 0.1);
    tf.dispose([...gradients.values()]);
  }
  const seenTemplates = new Map(updates > 0 ? [["t1", Float32Array.of(0.25, 0.75)], ["t2", Float32Array.of(1)]] : []);
  const dispose = (): void => {
    optimizer.dispose();
    templates.dispose();
    model.dispose();
  };
  return { parameters, optimizer, seenTemplates, [Symbol.dispose]: dispose };
}

/** A checkpoint of a run with two updates, as the bytes of its file and its text. */
async function save(
  parts: CheckpointParts,
): Promise<{ tensors: Uint8Array<ArrayBuffer>; state: string; file: string }> {
  const { tensors, state } = await takeCheckpoint(parts, STATE);
  return { tensors: joinBytes(tensors), state, file: FILE };
}

async function saveTrained(): ReturnType<typeof save> {
  using parts = openParts({ seed: 1, updates: 2 });
  return await save(parts);
}

/** The checkpoint with its tensors changed. */
async function withTensors(change: (tensors: Map<string, Safetensor>) => void): ReturnType<typeof save> {
  const saved = await saveTrained();
  const tensors = new Map(decodeSafetensors(saved.tensors, FILE).tensors);
  change(tensors);
  return { ...saved, tensors: joinBytes(encodeSafetensors(tensors)) };
}

Deno.test("restoreCheckpoint() puts back weights, buffers, moments, templates and state bit for bit", async () => {
  const before = tf.memory().numTensors;
  {
    const saved = await saveTrained();
    using parts = openParts({ seed: 2, updates: 0 });
    const state = restoreCheckpoint(parts, saved);
    const steps = { lift: 2, mix: 2, readout: 2, bias: 2, rep_template: 2 };
    assert.deepEqual(state, { format: 1, ...STATE, optimizerSteps: steps });
    assert.deepEqual([...parts.seenTemplates.keys()].sort(), ["t1", "t2"]);
    const again = await save(parts);
    assert.deepEqual(again.tensors, saved.tensors);
    assert.deepEqual(JSON.parse(again.state), JSON.parse(saved.state));
  }
  assert.equal(tf.memory().numTensors, before, "tensors leaked");
});

Deno.test("takeCheckpoint() writes official names, shapes and memory order", async () => {
  using parts = openParts({ seed: 1, updates: 2 });
  const { tensors } = decodeSafetensors((await save(parts)).tensors, FILE);
  const [x, y, z] = TEMPLATE;
  const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
  const weights = { lift: [1, 2], mix: [3, 2], readout: [3, 1], bias: [1], rep_template: [3, x, y, z] };
  const moments = ["adamw.first", "adamw.second"].flatMap((prefix) =>
    Object.entries(weights).map(([name, shape]) => [`${prefix}.${name}`, shape])
  );
  const seen = { "templates.seen.t1": [2], "templates.seen.t2": [1] };
  assert.deepEqual(shapes, { ...weights, unused: [2], calls: [1], ...Object.fromEntries(moments), ...seen });

  const valuesOf = (name: string): ArrayLike<number> =>
    parts.parameters.find((parameter) => parameter.name === name)!.variable.dataSync();
  const mix = valuesOf("mix");
  assert.deepEqual([...tensors.get("mix")!.data as Float32Array], [0, 3, 1, 4, 2, 5].map((i) => mix[i]));
  const ours = valuesOf("rep_template"), official = tensors.get("rep_template")!.data;
  // Template 2 at voxel (3, 1, 2).
  assert.equal(official[((2 * x + 3) * y + 1) * z + 2], ours[((2 * z + 2) * y + 1) * x + 3]);
});

Deno.test("modelOfCheckpoint() keeps the model, tells what was trained, and counts batches in integers", async () => {
  const { tensors } = decodeSafetensors((await saveTrained()).tensors, FILE);
  const count: Safetensor = { dtype: "F32", shape: [], data: Float32Array.of(7) };
  const { state, trained } = modelOfCheckpoint(new Map([...tensors, ["norm.num_batches_tracked", count]]));
  const names = ["bias", "calls", "lift", "mix", "norm.num_batches_tracked", "readout", "rep_template", "unused"];
  assert.deepEqual([...state.keys()].sort(), names);
  assert.deepEqual([...trained].sort(), ["bias", "lift", "mix", "readout", "rep_template"]);
  assert.deepEqual(state.get("mix"), tensors.get("mix"));
  assert.deepEqual(state.get("norm.num_batches_tracked"), { dtype: "I64", shape: [], data: BigInt64Array.of(7n) });
});

const DAMAGED: readonly { title: string; checkpoint: () => ReturnType<typeof save>; message: string | RegExp }[] = [
  {
    title: "a file cut short",
    checkpoint: async () => {
      const saved = await saveTrained();
      return { ...saved, tensors: saved.tensors.slice(0, -5) };
    },
    message: /^Cannot read step-9.safetensors: tensor ".*": expected data up to byte \d+, got a file cut short at byte/,
  },
  {
    title: "an empty file",
    checkpoint: async () => ({ ...await saveTrained(), tensors: new Uint8Array() }),
    message: "Cannot read step-9.safetensors: expected at least 8 bytes, got 0",
  },
  {
    title: "a model with another layer",
    checkpoint: () => withTensors((tensors) => tensors.delete("readout")),
    message: 'Cannot resume from step-9.safetensors: expected "readout" F32 [3, 1], got none',
  },
  {
    title: "a model of another width",
    checkpoint: () => withTensors((t) => t.set("mix", { dtype: "F32", shape: [4, 2], data: new Float32Array(8) })),
    message: 'Cannot resume from step-9.safetensors: expected "mix" F32 [3, 2], got F32 [4, 2]',
  },
  {
    title: "another element type",
    checkpoint: () => withTensors((t) => t.set("bias", { dtype: "I32", shape: [1], data: new Int32Array(1) })),
    message: 'Cannot resume from step-9.safetensors: expected "bias" F32 [1], got I32 [1]',
  },
  {
    title: "a missing moment",
    checkpoint: () => withTensors((tensors) => tensors.delete("adamw.second.rep_template")),
    message: 'Cannot resume from step-9.safetensors: expected "adamw.second.rep_template" F32 [3, 5, 4, 3], got none',
  },
  {
    title: "text cut short",
    checkpoint: async () => ({ ...await saveTrained(), state: '{"format": 1, "next"' }),
    message: "Cannot resume from step-9.safetensors: expected a trainer's state, got text that is none: it is not JSON",
  },
];

for (const { title, checkpoint, message } of DAMAGED) {
  Deno.test(`restoreCheckpoint() refuses ${title} and changes nothing`, async () => {
    using parts = openParts({ seed: 2, updates: 1 });
    const before = await save(parts);
    const damaged = await checkpoint();
    assert.throws(() => restoreCheckpoint(parts, damaged), { name: "CheckpointError", message });
    assert.deepEqual(await save(parts), before);
  });
}

Deno.test("parseState() names the fields that are not those of a trainer's state", async () => {
  const state = JSON.parse((await saveTrained()).state);
  for (
    const [changes, reason] of [
      [{ format: 2 }, /expected 1\s+→ at format$/],
      [{ updates: -1 }, /→ at updates$/],
      [{ next: { epoch: 0.5, index: 0 } }, /→ at next\.epoch$/],
      [{ more: true }, /Unrecognized key: "more"$/],
    ] as const
  ) {
    assert.throws(() => parseState(JSON.stringify({ ...state, ...changes }), FILE), (error: Error) => {
      assert.equal(error.name, "CheckpointError");
      assert.match(error.message, /^Cannot resume from step-9.safetensors: expected a trainer's state, got text that /);
      assert.match(error.message, reason);
      assert.ok(error.cause);
      return true;
    });
  }
});
