/** How much of a training's time goes by waiting for data. */
import type { LoadWatch, SampleRequest } from "../lib/dataset/mod.ts";

/**
 * A clock that runs while a batch is waited for, set against the time since the first was asked for.
 *
 * Clock times differ from run to run: what it tells goes to the person, never into the records of a run.
 */
export class DataWait implements LoadWatch {
  readonly #clock: () => number;
  #first: number | undefined;
  #since = 0;
  #waited = 0;

  /**
   * Opens a watch.
   *
   * @param clock milliseconds from any origin, never falling; default `performance.now`
   */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** A batch is asked for. */
  begin(): void {
    this.#since = this.#clock();
    this.#first ??= this.#since;
  }

  /** It is there. */
  end(): void {
    this.#waited += this.#clock() - this.#since;
  }

  /** Seconds waited so far. */
  get seconds(): number {
    return this.#waited / 1000;
  }

  /** Waited share of the time since the first batch was asked for, in percent; 0 before that. */
  get percent(): number {
    const passed = this.#first === undefined ? 0 : this.#clock() - this.#first;
    return passed > 0 ? 100 * this.#waited / passed : 0;
  }

  /** `0.3 % of the time (1.2 s)` */
  describe(): string {
    return `${this.percent.toFixed(1)} % of the time (${this.seconds.toFixed(1)} s)`;
  }

  /** The source, with this watch told when its batches are waited for. */
  watch<T>(source: Loader<T>): Loader<T> & { readonly watch: LoadWatch } {
    return { load: (request) => source.load(request), close: () => source.close(), watch: this };
  }
}

/** What sources of either kind of samples have in common. */
interface Loader<T> {
  load(request: SampleRequest): Promise<T>;
  close(): void;
}
