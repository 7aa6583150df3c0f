/** The live line of a training run. */
import { createProgress } from "../lib/host/mod.ts";
import type { Progress } from "../lib/host/mod.ts";
import type { TrainerProgress } from "../lib/trainer/mod.ts";
import type { DataWait } from "./_data_wait.ts";

/** Shows epoch, losses by name, volumes per second, the share of time that data were waited for and the time left. */
export class TrainingProgress implements Disposable {
  #line: Progress | undefined;
  readonly #wait: DataWait;
  #started: { readonly seconds: number; readonly volumes: number } | undefined;

  /** @param wait knows how long data were waited for */
  constructor(wait: DataWait) {
    this.#wait = wait;
  }

  /** Takes the trainer's state after an update. */
  show({ record, epochs, totalSteps, volumes }: TrainerProgress): void {
    const now = performance.now() / 1000;
    // The first update's time is mostly that of loading: the clock starts after it.
    this.#started ??= { seconds: now, volumes };
    this.#line ??= createProgress({ total: totalSteps, label: "pretrain", done: record.step });
    const rate = (volumes - this.#started.volumes) / (now - this.#started.seconds);
    this.#line.update(record.step, {
      epoch: `${record.epoch + 1}/${epochs}`,
      loss: record.loss,
      ...(record.md === null ? {} : { md: record.md }),
      ...(record.cmr === null ? {} : { cmr: record.cmr }),
      ...(record.cl === null ? {} : { cl: record.cl }),
      ...(Number.isFinite(rate) ? { "volumes/s": rate } : {}),
      wait: `${Math.round(this.#wait.percent)} %`,
    });
  }

  /** Writes a message above the line. */
  print(message: string): void {
    if (this.#line) this.#line.print(message);
    else console.log(message);
  }

  /** Ends the line. */
  [Symbol.dispose](): void {
    this.#line?.[Symbol.dispose]();
    this.#line = undefined;
  }
}
