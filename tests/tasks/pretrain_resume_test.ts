import assert from "node:assert/strict";
import { randomStream } from "../../lib/random.ts";
import {
  checkpointNames,
  namesIn,
  prepareFolders,
  runPretrain,
  RUNS,
  signalInTime,
  signalWhen,
  tinyRun,
  UPDATES,
} from "./_pretrain_run.ts";

prepareFolders();

/** What two equal runs have equal byte for byte. */
function tracesOf(name: string): { metrics: string; tensors: Uint8Array; state: string } {
  const [text, tensors] = checkpointNames(UPDATES).map((file) => `${RUNS}/${name}/checkpoints/${file}`);
  return {
    metrics: Deno.readTextFileSync(`${RUNS}/${name}/metrics.jsonl`),
    tensors: Deno.readFileSync(tensors),
    state: Deno.readTextFileSync(text),
  };
}

function assertSameTraces(name: string, expected: string): void {
  const [a, b] = [tracesOf(name), tracesOf(expected)];
  assert.equal(a.metrics, b.metrics);
  assert.equal(a.state, b.state);
  // deepEqual prints what differs, byte by byte: too much for megabytes.
  assert.ok(a.tensors.length === b.tensors.length && a.tensors.every((byte, i) => byte === b.tensors[i]), "tensors");
}

/** Whole lines of metrics.jsonl, 0 before there is one. */
function countRecords(folder: string): number {
  if (!namesIn(folder).includes("metrics.jsonl")) return 0;
  return Deno.readTextFileSync(`${folder}/metrics.jsonl`).split("\n").length - 1;
}

// The first test's run is what the others are compared with.
Deno.test("pretrain gives the same bytes with 0, 1 and 3 loader threads", async () => {
  const counts = [1, 3];
  await Promise.all([
    runPretrain(tinyRun("whole")),
    ...counts.map((n) => runPretrain(tinyRun(`workers-${n}`, `loader.workers=${n}`))),
  ]);
  for (const n of counts) assertSameTraces(`workers-${n}`, "whole");
});

Deno.test("pretrain killed at any moment, again and again, resumes to the bytes of a run that was not", async (t) => {
  const folder = `${RUNS}/killed`, checkpoints = `${folder}/checkpoints`;
  const resume = ["--resume", folder];
  const killed = (title: string, args: string[], moment: { condition: () => boolean; delayMs?: number }) =>
    t.step(title, async () => {
      assert.equal((await signalWhen(args, { signal: "SIGKILL", ...moment })).signal, "SIGKILL");
    });
  /** True once a name appears among the checkpoints that was not there when the process started. */
  const appears = (matches: (name: string, names: string[]) => boolean): () => boolean => {
    const before = namesIn(checkpoints);
    return () => {
      const names = namesIn(checkpoints);
      return names.some((name) => !before.includes(name) && matches(name, names));
    };
  };

  await killed("as soon as its folder is there", tinyRun("killed"), {
    condition: () => namesIn(folder).includes("run.json"),
  });
  await killed("while a checkpoint's tensors are written", resume, {
    condition: appears((name) => /^\.step-\d+\.safetensors\..*tmp$/.test(name)),
  });
  await killed("between a checkpoint's tensors and its text", resume, {
    condition: appears((name, names) => {
      return /^step-.*safetensors$/.test(name) && !names.includes(name.replace(/\w+$/, "json"));
    }),
  });
  const delays = randomStream(1, "moments of kills");
  for (let moment = 0; moment < 2; moment++) {
    const before = countRecords(folder);
    await killed("at a random moment after the next record", resume, {
      condition: () => countRecords(folder) > before,
      delayMs: delays.between(0, 60),
    });
  }
  // What a kill can leave behind, whether one of those above did or not.
  const [text, tensors] = checkpointNames(UPDATES);
  Deno.writeTextFileSync(`${folder}/metrics.jsonl`, '{"kind":"step","epoch":0,"st', { append: true });
  Deno.writeTextFileSync(`${checkpoints}/${tensors}`, "cut short");
  Deno.writeTextFileSync(`${checkpoints}/.${text}.0.tmp`, "{");
  await killed("while the results are written", resume, { condition: () => namesIn(folder).includes("templates") });

  await runPretrain(resume);
  assertSameTraces("killed", "whole");
  assert.deepEqual(namesIn(checkpoints), checkpointNames(UPDATES - 1, UPDATES));
  assert.deepEqual(namesIn(folder).filter((name) => !name.startsWith(".")), namesIn(`${RUNS}/whole`));
  assert.deepEqual(namesIn(`${folder}/templates`).filter((name) => !name.startsWith(".")), [
    "flair.nii.gz",
    "t1.nii.gz",
    "t2.nii.gz",
  ]);
});

Deno.test("pretrain interrupted by Ctrl-C saves, says how to go on, and resumes to the same bytes", async () => {
  const folder = `${RUNS}/interrupted`;
  const { code, stdout, stderr } = await signalInTime(tinyRun("interrupted", "run.checkpointEvery=100"), {
    folder,
    signal: "SIGINT",
    condition: () => countRecords(folder) >= 2,
  });
  assert.equal(code, 130);
  assert.match(stderr, /stopping: finishing this step and saving; once more to stop at once\n/);
  assert.match(stdout, new RegExp(`interrupted and saved; go on with: deno task pretrain --resume ${folder}\n$`));
  // Nothing is lost: the one checkpoint, of the step that was under way, covers every record.
  const [state, tensors, ...rest] = namesIn(`${folder}/checkpoints`);
  assert.deepEqual([tensors, rest], [state.replace("json", "safetensors"), []]);
  const { records, updates } = JSON.parse(Deno.readTextFileSync(`${folder}/checkpoints/${state}`));
  assert.equal(countRecords(folder), records);
  assert.ok(updates >= 2 && updates < UPDATES, `${updates} updates`);

  await runPretrain(["--resume", folder]);
  assertSameTraces("interrupted", "whole");
});

Deno.test("pretrain resumed after its end succeeds and changes no numbers", async () => {
  const before = tracesOf("interrupted");
  const pictures = (): string[] => {
    const html = Deno.readTextFileSync(`${RUNS}/interrupted/report.html`);
    return [...html.matchAll(/src="(data:[^"]*)"/g)].map(([, data]) => data);
  };
  const drawn = pictures();
  assert.ok(drawn.length > 0);
  const { stdout } = await runPretrain(["--resume", `${RUNS}/interrupted`]);
  assert.match(stdout, /\ndone in /);
  const after = tracesOf("interrupted");
  assert.deepEqual([after.metrics, after.state], [before.metrics, before.state]);
  assertSameTraces("interrupted", "whole");
  assert.deepEqual(pictures(), drawn);
});

Deno.test("pretrain refuses to resume a run whose options were changed on disk", async () => {
  const file = `${RUNS}/interrupted/run.json`;
  const original = Deno.readTextFileSync(file);
  const description = JSON.parse(original);
  description.options.optimizer.learningRate = 0.001;
  Deno.writeTextFileSync(file, JSON.stringify(description));
  const { stderr } = await runPretrain(["--resume", `${RUNS}/interrupted`], { code: 1 });
  const checkpoint = `${RUNS}/interrupted/checkpoints/${checkpointNames(UPDATES)[1]}`;
  assert.equal(stderr, `Cannot resume from ${checkpoint}: expected the options it was made with, got others\n`);

  description.options.optimizer.learningRate = "fast";
  Deno.writeTextFileSync(file, JSON.stringify(description));
  const refused = await runPretrain(["--resume", `${RUNS}/interrupted`], { code: 2 });
  assert.match(refused.stderr, /^Cannot resume .*: run.json does not describe a run: .*expected number/s);
  assert.match(refused.stderr, /options\.optimizer\.learningRate/);
  Deno.writeTextFileSync(file, original);
});
