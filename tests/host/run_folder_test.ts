import assert from "node:assert/strict";
import { RunFolder } from "../../lib/host/mod.ts";
import type { MetricsRecord } from "../../lib/results.ts";

const DESCRIPTION = { recipe: "quick", options: { seed: 3 } };

function event(step: number): MetricsRecord {
  return { kind: "event", epoch: 0, step, message: `é ${step}` };
}

/** A checkpoint whose tensors come in two chunks. */
function checkpoint(step: number): { tensors: Uint8Array[]; state: string } {
  return { tensors: [Uint8Array.of(step, 1), Uint8Array.of(2, 3)], state: `{"step":${step}}` };
}

/** Runs with a new run folder that keeps two checkpoints. */
async function withRun(task: (run: RunFolder, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/deep/run`;
    await task(await RunFolder.create(path, { description: DESCRIPTION, keep: 2 }), path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("RunFolder.create() makes the folder with its description and room for checkpoints", () =>
  withRun(async (run, path) => {
    assert.equal(run.path, path);
    assert.deepEqual(namesIn(path), ["checkpoints", "run.json"]);
    assert.equal(Deno.readTextFileSync(`${path}/run.json`), JSON.stringify(DESCRIPTION, null, 2) + "\n");
    assert.deepEqual(await RunFolder.readDescription(path), DESCRIPTION);
  }));

Deno.test("RunFolder.create() refuses a folder with a run and takes one without", () =>
  withRun(async (_, path) => {
    await assert.rejects(RunFolder.create(path, { description: {}, keep: 2 }), {
      message: `Cannot start a run in ${path}: there is one already; go on with it by --resume ${path}`,
    });
    assert.deepEqual(await RunFolder.readDescription(path), DESCRIPTION);
    Deno.mkdirSync(`${path}/other`);
    await RunFolder.create(`${path}/other`, { description: {}, keep: 2 });
    assert.deepEqual(namesIn(`${path}/other`), ["checkpoints", "run.json"]);
  }));

Deno.test("RunFolder.readDescription() says when there is no run or no JSON", () =>
  withRun(async (_, path) => {
    await assert.rejects(RunFolder.readDescription(`${path}/checkpoints`), {
      message: `Cannot resume ${path}/checkpoints: expected the folder of a run with a run.json, found none`,
    });
    await assert.rejects(RunFolder.readDescription("none", { verb: "export" }), {
      message: "Cannot export none: expected the folder of a run with a run.json, found none",
    });
    Deno.writeTextFileSync(`${path}/run.json`, '{"recipe":');
    await assert.rejects(RunFolder.readDescription(path), {
      message: `Cannot resume ${path}: expected JSON in run.json, found something else`,
    });
  }));

Deno.test("appendRecord() adds lines and readRecords() gives them back, none before the first", () =>
  withRun(async (run, path) => {
    assert.deepEqual(await run.readRecords(), []);
    for (const step of [1, 2]) await run.appendRecord(event(step));
    assert.equal(
      Deno.readTextFileSync(`${path}/metrics.jsonl`),
      [event(1), event(2)].map((record) => `${JSON.stringify(record)}\n`).join(""),
    );
    assert.deepEqual(await RunFolder.open(path, { keep: 2 }).readRecords(), [event(1), event(2)]);
  }));

Deno.test("truncateRecords() cuts back to the first records, a torn last line included", () =>
  withRun(async (run, path) => {
    await run.truncateRecords(0);
    assert.equal(Deno.readTextFileSync(`${path}/metrics.jsonl`), "");
    for (const step of [1, 2, 3]) await run.appendRecord(event(step));
    Deno.writeTextFileSync(`${path}/metrics.jsonl`, '{"kind":"st', { append: true });
    await run.truncateRecords(3);
    assert.deepEqual(await run.readRecords(), [event(1), event(2), event(3)]);
    await run.truncateRecords(1);
    assert.deepEqual(await run.readRecords(), [event(1)]);
    await run.appendRecord(event(4));
    assert.deepEqual(await run.readRecords(), [event(1), event(4)]);
  }));

Deno.test("truncateRecords() refuses when records are missing, a torn one among them", () =>
  withRun(async (run, path) => {
    await run.appendRecord(event(1));
    Deno.writeTextFileSync(`${path}/metrics.jsonl`, '{"kind":"st', { append: true });
    await assert.rejects(run.truncateRecords(2), {
      name: "CheckpointError",
      message: `Cannot resume ${path}: expected 2 records in metrics.jsonl, found 1`,
    });
  }));

Deno.test("saveCheckpoint() keeps the last ones, latestCheckpoint() gives the newest, savedUpdates() its number", () =>
  withRun(async (run, path) => {
    assert.equal(await run.latestCheckpoint(), undefined);
    assert.equal(await run.savedUpdates(), undefined);
    await run.appendRecord(event(1));
    // By number, not by text: 9 comes before 10.
    for (const step of [8, 9, 10]) await run.saveCheckpoint(step, checkpoint(step));
    assert.deepEqual(namesIn(`${path}/checkpoints`), [
      "step-00000009.json",
      "step-00000009.safetensors",
      "step-00000010.json",
      "step-00000010.safetensors",
    ]);
    assert.deepEqual(await run.latestCheckpoint(), {
      tensors: Uint8Array.of(10, 1, 2, 3),
      state: '{"step":10}',
      file: `${path}/checkpoints/step-00000010.safetensors`,
    });
    assert.equal(await run.savedUpdates(), 10);
  }));

Deno.test("latestCheckpoint() passes over one that was being written when the process died", () =>
  withRun(async (run, path) => {
    await run.appendRecord(event(1));
    await run.saveCheckpoint(1, checkpoint(1));
    Deno.writeTextFileSync(`${path}/checkpoints/step-00000002.safetensors`, "whole, but without its text");
    Deno.writeTextFileSync(`${path}/checkpoints/.step-00000003.json.1-2.tmp`, "half");
    assert.equal((await run.latestCheckpoint())?.state, '{"step":1}');
    // Going on from there writes over what was left behind.
    await run.saveCheckpoint(2, checkpoint(2));
    assert.deepEqual((await run.latestCheckpoint())?.tensors, Uint8Array.of(2, 1, 2, 3));
  }));

Deno.test("saveCheckpoint() removes what killed processes left, never the tensors of a checkpoint that counts", () =>
  withRun(async (_, path) => {
    const run = RunFolder.open(path, { keep: 1 });
    await run.appendRecord(event(1));
    await run.saveCheckpoint(4, checkpoint(4));
    // Killed while step 6 was written; resumed from step 4 and interrupted after step 5.
    Deno.writeTextFileSync(`${path}/checkpoints/step-00000006.safetensors`, "without its text");
    Deno.writeTextFileSync(`${path}/checkpoints/.step-00000006.json.1-2.tmp`, "half");
    Deno.writeTextFileSync(`${path}/checkpoints/best.safetensors`, "someone's own");
    await run.saveCheckpoint(5, checkpoint(5));
    assert.deepEqual(namesIn(`${path}/checkpoints`), [
      "best.safetensors",
      "step-00000005.json",
      "step-00000005.safetensors",
    ]);
    assert.equal((await run.latestCheckpoint())?.state, '{"step":5}');
  }));

Deno.test("latestCheckpoint() says which file is missing", () =>
  withRun(async (run, path) => {
    Deno.writeTextFileSync(`${path}/checkpoints/step-00000004.json`, "{}");
    await assert.rejects(run.latestCheckpoint(), {
      name: "CheckpointError",
      message: `Cannot resume from ${path}/checkpoints/step-00000004.safetensors: the file is missing`,
    });
  }));

Deno.test("write() puts text and bytes beside the records, in folders of their own", () =>
  withRun(async (run, path) => {
    await run.write("report.html", "<p>é</p>");
    await run.write("templates/t1.nii.gz", Uint8Array.of(1, 2));
    assert.equal(Deno.readTextFileSync(`${path}/report.html`), "<p>é</p>");
    assert.deepEqual(Deno.readFileSync(`${path}/templates/t1.nii.gz`), Uint8Array.of(1, 2));
  }));
