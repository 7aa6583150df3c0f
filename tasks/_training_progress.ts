/** The live line of a training run. */
import { createProgress } from "../lib/host/mod.ts";
import type { Progress } from "../lib/host/mod.ts";
import type { TrainerProgress } from "../lib/trainer/mod.ts";

/** Shows epoch, losses by name, volumes per second and the time left. */
export class TrainingProgress implements Disposable {
  #line: Progress | undefined;
  #started = 0;

  /** Takes the trainer's state after an update. */
  show({ record, epochs, totalSteps, volumes }: TrainerProgress): void {
    if (!this.#line) {
      // The first update tells where a resumed run starts, and its time is mostly that of loading.
      this.#line = createProgress({ total: totalSteps, label: "pretrain", done: record.step - 1 });
      this.#started = performance.now();
    }
    const seconds = (performance.now() - this.#started) / 1000;
    this.#line.update(record.step, {
      epoch: `${record.epoch + 1}/${epochs}`,
      loss: record.loss,
      md: record.md,
      ...(record.cmr === null ? {} : { cmr: record.cmr }),
      ...(record.cl === null ? {} : { cl: record.cl }),
      "volumes/s": seconds > 0 ? volumes / seconds : "–",
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
