/** A fine-tuning as the person sees it: a live line, Ctrl-C, and what came of it. */
import { formatDuration, onInterrupt } from "../lib/host/mod.ts";
import type { FinetuneRecord } from "../lib/results.ts";
import type { FinetuneProgress } from "../lib/trainer/mod.ts";
import { INTERRUPTED } from "./_command_line.ts";
import { DataWait } from "./_data_wait.ts";
import type { FinetuneDescription } from "./_finetune_description.ts";
import { bestScore, formatScores, writeFinetuneReport } from "./_finetune_report.ts";
import { type FinetuneSession, type FinetuneWatch, trainRun } from "./_finetune_run.ts";
import { TrainingLine } from "./_training_line.ts";

const print = (line: string): void => console.log(line);

/** How a session ended. */
export interface Outcome {
  readonly code: number;
  readonly records: readonly FinetuneRecord[];
}

/** Trains with a live line and Ctrl-C, and says what came of it. */
export async function trainVisibly(
  description: FinetuneDescription,
  { started, ...session }: FinetuneSession & Pick<FinetuneWatch, "event"> & { started: number },
): Promise<Outcome> {
  let interrupted = false;
  const wait = new DataWait();
  using progress = new TrainingLine("finetune", wait);
  using _interrupt = onInterrupt(() => {
    interrupted = true;
    progress.print("stopping: finishing this step and saving; once more to stop at once");
  });
  const { training } = session.parts;
  const { finished, records } = await trainRun(description, {
    ...session,
    parts: { ...session.parts, training: { ...training, source: wait.watch(training.source) } },
    interrupted: () => interrupted,
    onProgress: (state) => show(state, progress),
  });
  progress[Symbol.dispose]();
  const { path } = session.folder;
  if (!finished) {
    print(`interrupted and saved; go on with: deno task finetune --resume ${path}`);
    return { code: INTERRUPTED, records };
  }
  await writeFinetuneReport(session.folder, { description, records, wait: wait.describe() });
  const seconds = (performance.now() - started) / 1000;
  const best = bestScore(records);
  print(`\n${formatScores({ [description.weights ? "fine-tuned" : "from scratch"]: records })}`);
  print(`waited for data ${wait.describe()}`);
  print(`done in ${formatDuration(seconds)}: ${path}/weights.safetensors, of epoch ${(best?.epoch ?? 0) + 1}`);
  return { code: 0, records };
}

function show({ record, epochs, totalSteps, score }: FinetuneProgress, line: TrainingLine): void {
  line.update({ step: record.step, total: totalSteps }, {
    epoch: `${record.epoch + 1}/${epochs}`,
    loss: record.loss,
    ...(score === null ? {} : { score }),
  });
}
