/** The person at the terminal: a live line of progress, durations in words, and Ctrl-C that loses nothing. */

/** Where progress is shown. */
export interface ProgressStream {
  /** Terminals get one line that is rewritten; files and pipes get a line now and then. */
  readonly isTerminal: boolean;
  /** Characters per line of the terminal, as it is now. */
  columns(): number;
  /** Writes text at once. */
  write(text: string): void;
}

/** What is counted, and how it is shown. */
export interface ProgressOptions {
  /** Units of work in all. */
  readonly total: number;
  /** What is being done, e.g. `"pretrain"`. */
  readonly label: string;
  /** Units done before the start, as after a resume; they do not count for the time left. Default 0. */
  readonly done?: number;
  /** Default: standard error, which leaves standard output to results. */
  readonly stream?: ProgressStream;
  /** Seconds between two lines when the stream is no terminal. Default 30. */
  readonly intervalSeconds?: number;
  /** Milliseconds from any origin, never falling. Default `performance.now`. */
  readonly clock?: () => number;
}

/** A line that tells how far the work is. */
export interface Progress extends Disposable {
  /** Tells how many units are done, and values to show by their names: `{ epoch: 3, loss: 0.218 }`. */
  update(done: number, fields?: Readonly<Record<string, number | string>>): void;
  /** Writes a message above the line. */
  print(message: string): void;
  /** Shows the last state and ends the line; called again, it does nothing. */
  [Symbol.dispose](): void;
}

/** A terminal is rewritten at most so often. */
const REDRAW_SECONDS = 0.1;
/** Weight of the newest unit in the moving average of seconds per unit. */
const NEWEST_WEIGHT = 0.1;

/**
 * Opens a live line of progress.
 *
 * The time left comes from an exponential moving average of the time per unit. Fields keep the width of their widest
 * value, so that the line does not tremble. No escape sequence is written, only carriage returns, and these only to a
 * terminal.
 *
 * @throws {RangeError} when the total is not a positive number
 */
export function createProgress(options: ProgressOptions): Progress {
  if (!(options.total > 0)) {
    throw new RangeError(`Cannot show progress: expected a total greater than 0, got ${options.total}`);
  }
  return new ProgressLine(options);
}

class ProgressLine implements Progress {
  readonly #total: number;
  readonly #label: string;
  readonly #stream: ProgressStream;
  readonly #interval: number;
  readonly #clock: () => number;
  readonly #widths = new Map<string, number>();
  #done: number;
  #updatedAt: number;
  #secondsPerUnit: number | undefined;
  #drawnAt = -Infinity;
  #drawnLength = 0;
  #text = "";
  #isDrawn = true;
  #isClosed = false;

  constructor(options: ProgressOptions) {
    this.#total = options.total;
    this.#label = options.label;
    this.#done = options.done ?? 0;
    this.#stream = options.stream ?? standardError();
    this.#interval = this.#stream.isTerminal ? REDRAW_SECONDS : options.intervalSeconds ?? 30;
    this.#clock = options.clock ?? ((): number => performance.now());
    this.#updatedAt = this.#clock();
  }

  update(done: number, fields: Readonly<Record<string, number | string>> = {}): void {
    const now = this.#clock();
    this.#learnPace(done - this.#done, (now - this.#updatedAt) / 1000);
    this.#done = done;
    this.#updatedAt = now;
    this.#text = this.#compose(fields);
    this.#isDrawn = false;
    if (now - this.#drawnAt >= this.#interval * 1000) this.#draw(now);
  }

  print(message: string): void {
    const { isTerminal } = this.#stream;
    this.#stream.write(isTerminal ? `\r${message.padEnd(this.#drawnLength)}\n` : `${message}\n`);
    this.#drawnLength = 0;
    if (isTerminal && this.#text !== "" && !this.#isClosed) this.#draw(this.#clock());
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isDrawn) this.#draw(this.#clock());
    if (this.#stream.isTerminal && this.#drawnLength > 0) this.#stream.write("\n");
  }

  #learnPace(units: number, seconds: number): void {
    if (units <= 0) return;
    const pace = seconds / units;
    const before = this.#secondsPerUnit ?? pace;
    this.#secondsPerUnit = pace + (before - pace) * (1 - NEWEST_WEIGHT) ** units;
  }

  #compose(fields: Readonly<Record<string, number | string>>): string {
    const total = String(this.#total);
    const percent = Math.floor(100 * this.#done / this.#total);
    const parts = [this.#label, `${String(this.#done).padStart(total.length)}/${total}`, `${percent} %`.padStart(5)];
    for (const [name, value] of Object.entries(fields)) {
      const text = typeof value === "number" ? formatNumber(value) : value;
      const width = Math.max(text.length, this.#widths.get(name) ?? 0);
      this.#widths.set(name, width);
      parts.push(`${name} ${text.padStart(width)}`);
    }
    const left = Math.max(0, this.#total - this.#done);
    if (this.#secondsPerUnit !== undefined) parts.push(`ETA ${formatDuration(left * this.#secondsPerUnit)}`);
    return parts.join("  ");
  }

  #draw(now: number): void {
    this.#drawnAt = now;
    this.#isDrawn = true;
    if (!this.#stream.isTerminal) return this.#stream.write(`${this.#text}\n`);
    // A full last column would make the terminal wrap, and the next carriage return miss the line.
    const text = this.#text.slice(0, Math.max(0, this.#stream.columns() - 1));
    this.#stream.write(`\r${text.padEnd(Math.min(this.#drawnLength, this.#stream.columns() - 1))}`);
    this.#drawnLength = text.length;
  }
}

/** Four significant digits; integers whole. */
function formatNumber(value: number): string {
  return Number.isInteger(value) || !Number.isFinite(value) ? String(value) : value.toPrecision(4);
}

/**
 * A duration in the two units that matter: `8 s`, `3 min 05 s`, `2 h 07 min`, `3 d 04 h`.
 *
 * @param seconds rounded to the nearest second
 * @throws {RangeError} when negative or not finite
 */
export function formatDuration(seconds: number): string {
  if (!(seconds >= 0 && seconds < Infinity)) {
    throw new RangeError(`Cannot format duration: expected seconds of at least 0, got ${seconds}`);
  }
  const whole = Math.round(seconds);
  const pad = (count: number): string => String(Math.floor(count)).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${pad((whole % 86400) / 3600)} h`;
}

function standardError(): ProgressStream {
  const encoder = new TextEncoder();
  const isTerminal = Deno.stderr.isTerminal();
  return {
    isTerminal,
    // Some pseudo-terminals, such as those of container logs, report no width.
    columns: (): number => Deno.consoleSize().columns || 80,
    write(text: string): void {
      const bytes = encoder.encode(text);
      for (let offset = 0; offset < bytes.length;) offset += Deno.stderr.writeSync(bytes.subarray(offset));
    },
  };
}

/** The part of Deno that interrupts need. */
export interface SignalHost {
  /** Operating system. */
  readonly os: string;
  /** Starts to listen. */
  addSignalListener(signal: Deno.Signal, listener: () => void): void;
  /** Stops to listen. */
  removeSignalListener(signal: Deno.Signal, listener: () => void): void;
  /** Ends the process. */
  exit(code: number): void;
}

/** Exit status of a process that Ctrl-C ended: 128 + SIGINT. */
const INTERRUPTED = 130;

/**
 * Lets a long run end well when it is interrupted.
 *
 * The first Ctrl-C (and the first SIGTERM, which schedulers send; Windows has none) calls the handler, which should
 * finish the step and save. The second ends the process at once with status 130.
 *
 * @param handler gets the signal's name
 * @param host for tests; default Deno
 * @returns disposing of it restores the default: Ctrl-C ends the process
 */
export function onInterrupt(
  handler: (signal: Deno.Signal) => void,
  host: SignalHost = {
    os: Deno.build.os,
    addSignalListener: Deno.addSignalListener,
    removeSignalListener: Deno.removeSignalListener,
    exit: Deno.exit,
  },
): Disposable {
  let count = 0;
  const signals: Deno.Signal[] = host.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const listeners = signals.map((signal) => ({
    signal,
    listener: (): void => {
      count++;
      if (count > 1) host.exit(INTERRUPTED);
      else handler(signal);
    },
  }));
  for (const { signal, listener } of listeners) host.addSignalListener(signal, listener);
  return {
    [Symbol.dispose](): void {
      for (const { signal, listener } of listeners) host.removeSignalListener(signal, listener);
    },
  };
}
