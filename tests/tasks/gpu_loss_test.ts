import assert from "node:assert/strict";
import { selectBackend, tf } from "../../lib/tensor/mod.ts";
import type { BackendInfo } from "../../lib/tensor/mod.ts";
import type { GpuBackend } from "../../lib/tensor/webgpu/backend.ts";
import { pretrain } from "../../lib/trainer/mod.ts";
import { outliveGpuLosses, savedUpdatesIn } from "../../tasks/_gpu_loss.ts";
import type { Recovery } from "../../tasks/_gpu_loss.ts";
import { runPretraining } from "../../tasks/_pretraining.ts";
import { parseArguments } from "../../tasks/pretrain.ts";
import { OWN_RANK } from "../../tasks/_ranks.ts";
import { gpuTest } from "../tensor/webgpu/_gpu.ts";
import { MemoryStore, toyModel, toyOptions, toyParts } from "../trainer/_toy.ts";
import { checkpointNames, namesIn, prepareFolders, RUNS, tinyRun, UPDATES } from "./_pretrain_run.ts";

prepareFolders();

const GPU: BackendInfo = { name: "webgpu", description: "webgpu (a GPU)" };
const LOSS = new Error("Lost the GPU: its driver gave no reason");

/** A recovery that always works, what it printed, and how often it opened the GPU. */
function recoveryOf(changes: Partial<Recovery> = {}): Recovery & { lines: string[]; opened: () => number } {
  const lines: string[] = [];
  let opened = 0;
  return {
    backend: GPU,
    reopen: () => Promise.resolve((opened++, GPU)),
    savedUpdates: () => Promise.resolve(undefined),
    print: (line) => void lines.push(line),
    pause: () => Promise.resolve(),
    lossOf: () => Promise.resolve(LOSS),
    ...changes,
    lines,
    opened: () => opened,
  };
}

/** An attempt that fails so often, and the events it was given. */
function failing(times: number): { attempt: (event?: string) => Promise<string>; events: (string | undefined)[] } {
  const events: (string | undefined)[] = [];
  const attempt = (event?: string): Promise<string> => {
    events.push(event);
    return events.length <= times ? Promise.reject(new Error("Buffer is invalid")) : Promise.resolve("done");
  };
  return { attempt, events };
}

Deno.test("outliveGpuLosses() goes on from the newest checkpoint, says so, and hands on what to record", async () => {
  const saved = [undefined, 100, 230];
  const recovery = recoveryOf({ savedUpdates: () => Promise.resolve(saved.shift()) });
  const { attempt, events } = failing(3);
  assert.equal(await outliveGpuLosses(attempt, recovery), "done");
  const again = "went on from here: the GPU was lost";
  assert.deepEqual(events, [undefined, "started again: the GPU was lost", again, again]);
  assert.equal(recovery.opened(), 3);
  assert.deepEqual(recovery.lines, [
    "lost the GPU, opened it again: starting again (time 1 of at most 5)",
    "lost the GPU, opened it again: going on from update 100 (time 2 of at most 5)",
    "lost the GPU, opened it again: going on from update 230 (time 3 of at most 5)",
  ]);
});

Deno.test("outliveGpuLosses() leaves other errors as they are", async () => {
  const recovery = recoveryOf({ lossOf: () => Promise.resolve(null) });
  await assert.rejects(outliveGpuLosses(failing(1).attempt, recovery), { message: "Buffer is invalid" });
  assert.equal(recovery.opened(), 0);
});

Deno.test("outliveGpuLosses() gives up when the GPU is lost again before a new checkpoint", async () => {
  for (const saved of [undefined, 7]) {
    const recovery = recoveryOf({ savedUpdates: () => Promise.resolve(saved) });
    const { attempt, events } = failing(9);
    await assert.rejects(outliveGpuLosses(attempt, recovery), LOSS);
    assert.equal(events.length, 2);
  }
});

Deno.test("outliveGpuLosses() gives up after five losses, whatever was saved between them", async () => {
  let saved = 0;
  const { attempt, events } = failing(99);
  await assert.rejects(
    outliveGpuLosses(attempt, recoveryOf({ savedUpdates: () => Promise.resolve(++saved) })),
    LOSS,
  );
  assert.equal(events.length, 6);
});

Deno.test("outliveGpuLosses() tries to open the GPU three times and takes no other", async () => {
  const pauses: number[] = [];
  const answers = [
    (): Promise<BackendInfo> => Promise.reject(new Error("Cannot start")),
    (): Promise<BackendInfo> => Promise.resolve({ ...GPU, description: "webgpu (llvmpipe)" }),
    (): Promise<BackendInfo> => Promise.reject(new Error("Cannot start")),
  ];
  const recovery = recoveryOf({
    reopen: () => answers.shift()!(),
    pause: (milliseconds) => Promise.resolve(void pauses.push(milliseconds)),
  });
  await assert.rejects(outliveGpuLosses(failing(1).attempt, recovery), LOSS);
  assert.deepEqual(pauses, [0, 10_000, 60_000]);
  assert.deepEqual(recovery.lines, [
    "lost the GPU, it does not come back: Cannot start: trying again in 10 s",
    "lost the GPU, found another instead: webgpu (llvmpipe): trying again in 60 s",
    "lost the GPU, it does not come back: Cannot start",
  ]);
});

/** Takes the device away, as a driver that restarts does. */
function loseGpu(): void {
  (tf.backend() as unknown as GpuBackend).device.destroy();
}

gpuTest("pretrain() after the device was lost, at any moment, ends with the bytes of a run that kept it", async () => {
  const options = toyOptions({ run: { epochs: 3, validateEvery: 1, checkpointEvery: 2 } });
  const train = async (store: MemoryStore, changes: object = {}): Promise<void> => {
    const parts = toyParts({ store, model: toyModel(), resume: store.checkpoints.size > 0 ? store.latest : undefined });
    try {
      await pretrain({ ...parts, ...changes }, options);
    } finally {
      parts.model.dispose();
      parts.templates.dispose();
    }
  };
  const whole = new MemoryStore();
  await train(whole);
  const { training } = toyParts();
  // After an update is recorded, and while a crop is on its way to the device.
  for (const [updatesTill, loadsTill] of [[1, 0], [4, 0], [5, 0], [9, 0], [0, 4], [0, 9]]) {
    const store = new MemoryStore();
    let updates = 0, loads = 0;
    const lines: string[] = [];
    const onProgress = (): void => void (++updates === updatesTill && loseGpu());
    const load: typeof training.source.load = (request) => {
      if (++loads === loadsTill) loseGpu();
      return training.source.load(request);
    };
    const source = { ...training, source: { ...training.source, load } };
    await outliveGpuLosses((event) => train(store, { event, onProgress, training: source }), {
      backend: await selectBackend("webgpu"),
      reopen: () => selectBackend("webgpu"),
      savedUpdates: () => Promise.resolve([...store.checkpoints.keys()].at(-1)),
      print: (line) => void lines.push(line),
    });
    const title = `lost after ${updatesTill} updates or ${loadsTill} crops`;
    const isEvent = ({ kind }: { kind: string }): boolean => kind === "event";
    assert.deepEqual([lines.length, store.records.filter(isEvent).length], [1, 1], title);
    assert.deepEqual(store.records.filter((record) => !isEvent(record)), whole.records, title);
    assert.deepEqual(store.latest.tensors, whole.latest.tensors, title);
  }
});

gpuTest("deno task pretrain goes on by itself when its device is lost, to the same weights", async () => {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line) => void lines.push(line);
  const run = async (name: string): Promise<Uint8Array> => {
    const args = parseArguments([...tinyRun(name, "run.epochs=2"), "--backend", "webgpu"]);
    assert.equal(await runPretraining(args, OWN_RANK), 0);
    const [, tensors] = checkpointNames(UPDATES / 2).map((file) => `${RUNS}/${name}/checkpoints/${file}`);
    return Deno.readFileSync(tensors);
  };
  try {
    const whole = await run("kept");
    const timer = setInterval(() => {
      if (!namesIn(`${RUNS}/lost/checkpoints`).includes(checkpointNames(2)[0])) return;
      clearInterval(timer);
      loseGpu();
    }, 1);
    const lost = await run("lost");
    clearInterval(timer);
    assert.ok(lost.length === whole.length && lost.every((byte, i) => byte === whole[i]), "tensors differ");
  } finally {
    console.log = log;
  }
  const said = lines.filter((line) => line.startsWith("lost the GPU"));
  assert.equal(said.length, 1);
  assert.match(said[0], /^lost the GPU, opened it again: going on from update \d \(time 1 of at most 5\)$/);
  assert.equal(lines.filter((line) => line.startsWith("recipe ")).length, 2);
  const records = Deno.readTextFileSync(`${RUNS}/lost/metrics.jsonl`);
  assert.match(records, /"kind":"event","epoch":\d,"step":\d,"message":"went on from here: the GPU was lost"/);
});

Deno.test("savedUpdatesIn() is undefined for a run without checkpoints", async () => {
  assert.equal(await savedUpdatesIn(undefined), undefined);
  assert.equal(await savedUpdatesIn(`${RUNS}/not there`), undefined);
});
