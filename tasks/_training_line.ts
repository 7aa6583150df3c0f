/** The live line that both trainings show. */
import { createProgress } from "../lib/host/mod.ts";
import type { Progress } from "../lib/host/mod.ts";
import type { DataWait } from "./_data_wait.ts";

/** What a line says beside the updates done: by name, in this order. */
export type LineFields = Readonly<Record<string, string | number>>;

/** A line that begins with the first update, and says at its end what share of the time data were waited for. */
export class TrainingLine implements Disposable {
  readonly #label: string;
  readonly #wait: DataWait;
  #line: Progress | undefined;

  /** @param wait knows how long data were waited for */
  constructor(label: string, wait: DataWait) {
    this.#label = label;
    this.#wait = wait;
  }

  /** Shows an update. */
  update({ step, total }: { step: number; total: number }, fields: LineFields): void {
    this.#line ??= createProgress({ total, label: this.#label, done: step });
    this.#line.update(step, { ...fields, wait: `${Math.round(this.#wait.percent)} %` });
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
