/** The live line of a pre-training. */
import type { TrainerProgress } from "../lib/trainer/mod.ts";
import type { DataWait } from "./_data_wait.ts";
import { TrainingLine } from "./_training_line.ts";

/** Shows epoch, losses by name, volumes per second, the share of time that data were waited for and the time left. */
export class TrainingProgress extends TrainingLine {
  #started: { readonly seconds: number; readonly volumes: number } | undefined;

  /** @param wait knows how long data were waited for */
  constructor(wait: DataWait) {
    super("pretrain", wait);
  }

  /** Takes the trainer's state after an update. */
  show({ record, epochs, totalSteps, volumes }: TrainerProgress): void {
    const now = performance.now() / 1000;
    // The first update's time is mostly that of loading: the clock starts after it.
    this.#started ??= { seconds: now, volumes };
    const rate = (volumes - this.#started.volumes) / (now - this.#started.seconds);
    this.update({ step: record.step, total: totalSteps }, {
      epoch: `${record.epoch + 1}/${epochs}`,
      loss: record.loss,
      ...(record.md === null ? {} : { md: record.md }),
      ...(record.cmr === null ? {} : { cmr: record.cmr }),
      ...(record.cl === null ? {} : { cl: record.cl }),
      ...(Number.isFinite(rate) ? { "volumes/s": rate } : {}),
    });
  }
}
