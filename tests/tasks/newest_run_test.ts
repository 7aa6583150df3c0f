import assert from "node:assert/strict";
import { newestPretraining } from "../../tasks/_newest_run.ts";

/** A run's folder with what the search looks at. */
function writeRun(path: string, { description, finishedAt }: { description: object; finishedAt: number | null }): void {
  Deno.mkdirSync(`${path}/checkpoints`, { recursive: true });
  Deno.writeTextFileSync(`${path}/run.json`, JSON.stringify(description));
  Deno.writeTextFileSync(`${path}/checkpoints/step-00000001.json`, "{}");
  if (finishedAt === null) return;
  Deno.writeTextFileSync(`${path}/report.html`, "");
  Deno.utimeSync(`${path}/report.html`, finishedAt, finishedAt);
}

Deno.test("newestPretraining() takes the finished pre-training of the recipe that ended last", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    assert.equal(await newestPretraining(`${folder}/nowhere`, "quick"), undefined);
    writeRun(`${folder}/b`, { description: { recipe: "quick" }, finishedAt: 2000 });
    writeRun(`${folder}/a`, { description: { recipe: "quick" }, finishedAt: 3000 });
    writeRun(`${folder}/other`, { description: { recipe: "paper" }, finishedAt: 4000 });
    writeRun(`${folder}/finetuned`, { description: { recipe: "quick", kind: "finetune" }, finishedAt: 5000 });
    writeRun(`${folder}/unfinished`, { description: { recipe: "quick" }, finishedAt: null });
    Deno.writeTextFileSync(`${folder}/file`, "");
    assert.equal(await newestPretraining(folder, "quick"), `${folder}/a`);
    assert.equal(await newestPretraining(folder, "official"), undefined);
    writeRun(`${folder}/unet`, {
      description: { recipe: "quick", options: { model: "unet3d-tiny" } },
      finishedAt: 1000,
    });
    assert.equal(await newestPretraining(folder, "quick", { model: "unet3d-tiny" }), `${folder}/unet`);
    assert.equal(await newestPretraining(folder, "quick", { model: "unet3d" }), undefined);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
