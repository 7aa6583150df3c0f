/** Fine-tuning within a study: from the start, or from where an interruption left it. */
import { exists, startBackend } from "../lib/host/mod.ts";
import type { BackendInfo } from "../lib/tensor/mod.ts";
import { readFinetuneDescription } from "./_finetune_description.ts";
import { type FinetuneWatch, type NewRun, trainRun, withNewRun, withOldRun } from "./_finetune_run.ts";
import { outliveGpuLosses, savedUpdatesIn } from "./_gpu_loss.ts";

/**
 * Sees a run through that has no checkpoints once its cell is done; its folder is named by what it is made of.
 *
 * @returns true when it is finished, false when it was interrupted and saved
 */
export async function trainStudyRun(
  run: NewRun,
  { backend, ...watch }: FinetuneWatch & { backend: BackendInfo },
): Promise<boolean> {
  const { precision } = run.options.run;
  return await outliveGpuLosses((event) => trainOnce(run, { ...watch, event, backend }), {
    backend,
    reopen: () => startBackend(backend.name, { threads: backend.simd?.threads, precision, warn: console.error }),
    savedUpdates: () => savedUpdatesIn(run.out),
    print: (line) => console.log(line),
  });
}

async function trainOnce(
  run: NewRun,
  { backend, ...watch }: FinetuneWatch & { backend: BackendInfo },
): Promise<boolean> {
  const print = (): void => {};
  const use = async (...[description, session]: Parameters<typeof trainRun>): Promise<boolean> => {
    return (await trainRun(description, { ...session, ...watch })).finished;
  };
  if (!await exists(`${run.out}/run.json`)) return await withNewRun(run, { backend, print, use });
  // Those of a cell that was done are gone.
  if (!await exists(`${run.out}/checkpoints`)) return true;
  return await withOldRun(run.out, { description: await readFinetuneDescription(run.out), print, use });
}
