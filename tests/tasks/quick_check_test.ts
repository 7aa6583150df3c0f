/** The newcomer's first command, cut down: from nothing to a run folder, phantoms included. */
import assert from "node:assert/strict";
import { namesIn, prepareFolders, runPretrain, RUNS } from "./_pretrain_run.ts";

prepareFolders();

Deno.test("pretrain --quick-check makes its phantoms, trains and leaves a complete run folder", async () => {
  const folder = `${RUNS}/quick-check`;
  const { stdout } = await runPretrain(["--quick-check", "--out", folder]);
  assert.match(stdout, /^data +built-in phantoms in data\/phantom-/m);
  assert.match(stdout, /^\| MD +\| mean /m);
  assert.ok(stdout.trimEnd().endsWith(`${folder}/report.html`), stdout);
  const files = ["checkpoints", "metrics.jsonl", "report.html", "run.json", "templates", "templates.png"];
  assert.deepEqual(namesIn(folder), files);
  assert.ok(namesIn(`${folder}/templates`).includes("t1.nii.gz"));
});
