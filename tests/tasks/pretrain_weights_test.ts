import assert from "node:assert/strict";
import { decodeSafetensors, encodeSafetensors, type Safetensor } from "../../lib/interop/mod.ts";
import { concatenate } from "../interop/_pickle_writer.ts";
import {
  checkpointNames,
  COHORT,
  namesIn,
  prepareFolders,
  runPretrain,
  RUNS,
  tinyRun,
  UPDATES,
} from "./_pretrain_run.ts";

prepareFolders();

/** Steps so small that weights stay where they started. */
const STILL = ["optimizer.learningRate=1e-12", "optimizer.weightDecay=0"];

const checkpointOf = (name: string, step = UPDATES): string =>
  `${RUNS}/${name}/checkpoints/${checkpointNames(step)[1]}`;

function tensorsOf(file: string): Map<string, Safetensor> {
  return decodeSafetensors(Deno.readFileSync(file), file).tensors;
}

Deno.test("pretrain --weights starts from a file's weights and templates, and run.json says so", async (t) => {
  await runPretrain(tinyRun("first", "optimizer.learningRate=0.01"));
  const file = checkpointOf("first");
  const { stdout } = await runPretrain([...tinyRun("second", ...STILL), "--weights", file]);
  assert.match(stdout, /^loaded {4}(\d+) of \1 parameters of the model, [\d,]+ values$/m);
  const { weights } = JSON.parse(Deno.readTextFileSync(`${RUNS}/second/run.json`));
  const [first, second] = [file, checkpointOf("second")].map(tensorsOf);
  const state = [...first].filter(([name]) => !/^(adamw|templates)\./.test(name));
  assert.deepEqual(weights, {
    file,
    loaded: state.length,
    missing: 0,
    mismatched: 0,
    unexpected: first.size - state.length,
  });
  for (const [name, { data }] of state) {
    // Running statistics go on with the new data.
    if (/running_|num_batches/.test(name)) continue;
    const [before, after] = [data as Float32Array, second.get(name)!.data as Float32Array];
    const distance = before.reduce((largest, value, i) => Math.max(largest, Math.abs(value - after[i])), 0);
    assert.ok(distance < 1e-6, `${name} moved by ${distance}`);
  }

  await t.step("and a run that was stopped before its first checkpoint starts from them again", async () => {
    const folder = `${RUNS}/second`;
    const expected = Deno.readFileSync(checkpointOf("second"));
    for (const name of namesIn(`${folder}/checkpoints`)) Deno.removeSync(`${folder}/checkpoints/${name}`);
    await runPretrain(["--resume", folder]);
    const again = Deno.readFileSync(checkpointOf("second"));
    assert.ok(again.length === expected.length && again.every((byte, i) => byte === expected[i]));
  });

  await t.step("and says by name what does not fit", async () => {
    const tensors = new Map(state);
    const template = tensors.get("rep_template")!;
    tensors.set("rep_template", { dtype: "F32", shape: [8, 1, 1, 1], data: new Float32Array(8) });
    tensors.delete("decoder.out_1.conv.conv.bias");
    Deno.writeFileSync(`${COHORT}/partial.safetensors`, concatenate(encodeSafetensors(tensors)));
    const run = [...tinyRun("partial", "run.epochs=1"), "--weights", `${COHORT}/partial.safetensors`];
    const { stdout } = await runPretrain(run);
    assert.ok(stdout.includes(`  rep_template: expected [${template.shape.join(", ")}], got [8, 1, 1, 1]\n`));
    assert.match(
      stdout,
      /^missing {3}1 not in the file: the model keeps its own\n {2}decoder\.out_1\.conv\.conv\.bias$/m,
    );
  });
});

Deno.test("pretrain refuses weights that do not fit before there is a run folder, and with --resume", async () => {
  const file = `${COHORT}/other.safetensors`;
  const other: Safetensor = { dtype: "F32", shape: [1], data: Float32Array.of(1) };
  Deno.writeFileSync(file, concatenate(encodeSafetensors(new Map([["other", other]]))));
  const { stderr } = await runPretrain([...tinyRun("refused"), "--weights", file], { code: 1 });
  assert.match(stderr, /^Cannot load weights from .*\/other\.safetensors: expected names such as .*, got "other"\n$/);
  assert.deepEqual(namesIn(`${RUNS}/refused`), []);
  const resumed = await runPretrain(["--resume", `${RUNS}/first`, "--weights", file], { code: 2 });
  assert.equal(
    resumed.stderr,
    `Cannot resume ${RUNS}/first: expected no other options than those it was started with, got ${file}\n`,
  );
});
