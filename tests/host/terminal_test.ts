import assert from "node:assert/strict";
import {
  createProgress,
  formatDuration,
  onInterrupt,
  type ProgressStream,
  type SignalHost,
} from "../../lib/host/terminal.ts";

/** A stream that remembers what was written, and a clock that is set by hand. */
class FakeTerminal implements ProgressStream {
  readonly written: string[] = [];
  milliseconds = 1000;
  readonly #columns: number;

  constructor(readonly isTerminal: boolean, columns = 80) {
    this.#columns = columns;
  }

  columns(): number {
    return this.#columns;
  }

  write(text: string): void {
    this.written.push(text);
  }

  readonly clock = (): number => this.milliseconds;
}

Deno.test("createProgress() rewrites one line on a terminal and keeps the width of fields", () => {
  const terminal = new FakeTerminal(true);
  {
    using progress = createProgress({ total: 10, label: "pretrain", stream: terminal, clock: terminal.clock });
    terminal.milliseconds += 2000;
    progress.update(1, { epoch: 12, loss: 0.123456 });
    terminal.milliseconds += 2000;
    progress.update(2, { epoch: 3, loss: 0.5 });
  }
  assert.deepEqual(terminal.written, [
    "\rpretrain   1/10   10 %  epoch 12  loss 0.1235  ETA 18 s",
    "\rpretrain   2/10   20 %  epoch  3  loss 0.5000  ETA 16 s",
    "\n",
  ]);
});

Deno.test("createProgress() wipes the rest of a longer line with spaces", () => {
  const terminal = new FakeTerminal(true);
  const progress = createProgress({ total: 9, label: "x", stream: terminal, clock: terminal.clock });
  terminal.milliseconds += 600_000;
  progress.update(1);
  terminal.milliseconds += 100;
  progress.update(9);
  assert.deepEqual(terminal.written, ["\rx  1/9   11 %  ETA 1 h 20 min", "\rx  9/9  100 %  ETA 0 s       "]);
});

Deno.test("createProgress() cuts the line one column before the terminal's edge", () => {
  const terminal = new FakeTerminal(true, 12);
  const progress = createProgress({ total: 9, label: "pretrain", stream: terminal, clock: terminal.clock });
  progress.update(1);
  assert.deepEqual(terminal.written, ["\rpretrain  1"]);
});

Deno.test("createProgress() skips redraws within a tenth of a second and shows the last state at the end", () => {
  const terminal = new FakeTerminal(true);
  {
    using progress = createProgress({ total: 3, label: "x", stream: terminal, clock: terminal.clock });
    for (const done of [1, 2, 3]) {
      terminal.milliseconds += 40;
      progress.update(done);
    }
  }
  assert.deepEqual(terminal.written, ["\rx  1/3   33 %  ETA 0 s", "\rx  3/3  100 %  ETA 0 s", "\n"]);
});

Deno.test("createProgress() writes a line per interval, without carriage returns, when it is no terminal", () => {
  const log = new FakeTerminal(false);
  {
    using progress = createProgress({ total: 7, label: "x", stream: log, intervalSeconds: 5, clock: log.clock });
    for (let done = 1; done <= 7; done++) {
      log.milliseconds += 2000;
      progress.update(done, { step: done });
    }
    progress.print("saved");
  }
  assert.deepEqual(log.written, [
    "x  1/7   14 %  step 1  ETA 12 s\n",
    "x  4/7   57 %  step 4  ETA 6 s\n",
    "x  7/7  100 %  step 7  ETA 0 s\n",
    "saved\n",
  ]);
});

Deno.test("createProgress() writes the last state once when it is closed twice", () => {
  const log = new FakeTerminal(false);
  const progress = createProgress({ total: 4, label: "x", stream: log, clock: log.clock });
  progress.update(1);
  progress.update(2);
  progress[Symbol.dispose]();
  progress[Symbol.dispose]();
  assert.deepEqual(log.written, ["x  1/4   25 %  ETA 0 s\n", "x  2/4   50 %  ETA 0 s\n"]);
});

Deno.test("createProgress() prints a message above the line", () => {
  const terminal = new FakeTerminal(true);
  const progress = createProgress({ total: 4, label: "x", stream: terminal, clock: terminal.clock });
  progress.print("ready");
  progress.update(1);
  progress.print("saved");
  assert.deepEqual(terminal.written, [
    "\rready\n",
    "\rx  1/4   25 %  ETA 0 s",
    "\rsaved                 \n",
    "\rx  1/4   25 %  ETA 0 s",
  ]);
});

Deno.test("createProgress() estimates the time left by a moving average, units before a resume left out", () => {
  const log = new FakeTerminal(false);
  const options = { total: 112, label: "x", done: 100, stream: log, intervalSeconds: 0, clock: log.clock };
  const progress = createProgress(options);
  log.milliseconds += 10_000;
  progress.update(101);
  log.milliseconds += 20_000;
  progress.update(102);
  // 10 s, then 0.9 · 10 s + 0.1 · 20 s = 11 s per unit, for 11 and 10 units.
  assert.deepEqual(log.written, ["x  101/112   90 %  ETA 1 min 50 s\n", "x  102/112   91 %  ETA 1 min 50 s\n"]);
});

Deno.test("createProgress() refuses a total that is not positive", () => {
  for (const total of [0, NaN]) {
    assert.throws(() => createProgress({ total, label: "x" }), {
      name: "RangeError",
      message: `Cannot show progress: expected a total greater than 0, got ${total}`,
    });
  }
});

const DURATIONS: readonly [seconds: number, text: string][] = [
  [0.4, "0 s"],
  [59.4, "59 s"],
  [59.6, "1 min 00 s"],
  [185, "3 min 05 s"],
  [3599.7, "1 h 00 min"],
  [7620, "2 h 07 min"],
  [86399, "23 h 59 min"],
  [273_600, "3 d 04 h"],
];

for (const [seconds, text] of DURATIONS) {
  Deno.test(`formatDuration() writes ${seconds} s as "${text}"`, () => assert.equal(formatDuration(seconds), text));
}

Deno.test("formatDuration() refuses what is no duration", () => {
  for (const seconds of [-1, NaN, Infinity]) {
    assert.throws(() => formatDuration(seconds), {
      name: "RangeError",
      message: `Cannot format duration: expected seconds of at least 0, got ${seconds}`,
    });
  }
});

/** Signals raised by hand; records what onInterrupt() does. */
interface FakeHost extends SignalHost {
  readonly listeners: Map<Deno.Signal, () => void>;
  readonly log: string[];
}

function fakeHost(os: string): FakeHost {
  const listeners = new Map<Deno.Signal, () => void>();
  const log: string[] = [];
  return {
    os,
    listeners,
    log,
    addSignalListener: (signal: Deno.Signal, listener: () => void): void => void listeners.set(signal, listener),
    removeSignalListener(signal: Deno.Signal, listener: () => void): void {
      assert.equal(listeners.get(signal), listener);
      listeners.delete(signal);
    },
    exit: (code: number): void => void log.push(`exit ${code}`),
  };
}

Deno.test("onInterrupt() calls the handler on the first signal and exits with 130 on the second", () => {
  const host = fakeHost("linux");
  onInterrupt((signal) => host.log.push(signal), host);
  host.listeners.get("SIGTERM")?.();
  assert.deepEqual(host.log, ["SIGTERM"]);
  host.listeners.get("SIGINT")?.();
  assert.deepEqual(host.log, ["SIGTERM", "exit 130"]);
});

Deno.test("onInterrupt() listens to SIGINT alone on Windows, and to nothing after it is disposed of", () => {
  for (const [os, signals] of [["windows", ["SIGINT"]], ["darwin", ["SIGINT", "SIGTERM"]]] as const) {
    const host = fakeHost(os);
    const interrupt = onInterrupt(() => {}, host);
    assert.deepEqual([...host.listeners.keys()], signals);
    interrupt[Symbol.dispose]();
    assert.equal(host.listeners.size, 0);
  }
});

Deno.test({
  name: "onInterrupt() saves on the first Ctrl-C and exits with 130 on the second in a real process",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    const script = `import { onInterrupt } from "${import.meta.resolve("../../lib/host/terminal.ts")}";
      onInterrupt((signal) => console.log("saving after " + signal));
      console.log("ready");
      setInterval(() => {}, 1000);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `data:application/typescript,${encodeURIComponent(script)}`],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines: string[] = [];
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      lines.push(...text.trim().split("\n"));
      child.kill("SIGINT");
    }
    assert.deepEqual(lines, ["ready", "saving after SIGINT"]);
    assert.equal((await child.status).code, 130);
  },
});
