/** Progress over the cells of a study, and an end that loses nothing. */
import { createProgress, onInterrupt, type Progress } from "../lib/host/mod.ts";

/** Work in units that take about equally long, so that the time left means something. */
export class StudyProgress implements Disposable {
  readonly #line: Progress;
  readonly #interrupt: Disposable;
  #done: number;
  #isInterrupted = false;

  constructor(label: string, { total, done, stopping }: { total: number; done: number; stopping: string }) {
    this.#line = createProgress({ total, label, done });
    this.#done = done;
    this.#interrupt = onInterrupt(() => {
      this.#isInterrupted = true;
      this.#line.print(`stopping: ${stopping}; once more to stop at once`);
    });
  }

  /** True once the person wants to stop. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  /** Shows units done within the cell under way. */
  show(units: number, fields: Readonly<Record<string, number | string>>): void {
    this.#line.update(this.#done + units, fields);
  }

  /** Writes a message above the line. */
  print(message: string): void {
    this.#line.print(message);
  }

  /** Counts a cell as done. */
  finish(units: number): void {
    this.#done += units;
  }

  [Symbol.dispose](): void {
    this.#interrupt[Symbol.dispose]();
    this.#line[Symbol.dispose]();
  }
}
