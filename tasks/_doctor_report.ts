/** How the doctor's report is put together and printed. */
import { messageOf } from "../lib/errors.ts";

/** One line of the report: a label and what there is to say. */
export interface Line {
  readonly label: string;
  readonly text: string;
  /** `note`: works, but worth knowing. `failed`: this installation computes wrong numbers. */
  readonly state?: "note" | "failed";
}

/** One part of the report. */
export interface Section {
  /** Name in the JSON. */
  readonly key: string;
  readonly title: string;
  /** What it means when the section cannot be made: nothing was learnt, or a check did not pass. */
  readonly onError: "note" | "failed";
  /**
   * Finds out and shows line by line.
   *
   * @returns the same as plain values for the JSON
   */
  run(show: (line: Line) => void): Promise<unknown>;
}

/** What all sections came to. */
export interface Report {
  /** False when a check failed. */
  readonly ok: boolean;
  readonly notes: number;
  readonly failures: number;
  /** What each section found, by its key. */
  readonly sections: Readonly<Record<string, unknown>>;
}

/** Runs the sections one after the other; what one throws becomes a line of it, and the others go on. */
export async function runSections(sections: readonly Section[], print: (line: string) => void): Promise<Report> {
  const found: Record<string, unknown> = {};
  const count = { note: 0, failed: 0 };
  for (const { key, title, run, onError } of sections) {
    print(title);
    const show = (line: Line): void => {
      if (line.state) count[line.state]++;
      print(formatLine(line));
    };
    try {
      found[key] = await run(show);
    } catch (error) {
      found[key] = { error: messageOf(error) };
      show({ label: "error", text: messageOf(error), state: onError });
    }
    print("");
  }
  return { ok: count.failed === 0, notes: count.note, failures: count.failed, sections: found };
}

/** Characters of a label; longer ones push their text to the right. */
const LABEL_WIDTH = 18;

/** `! label   text`: a mark before what deserves attention, further lines of the text below its first. */
export function formatLine({ label, text, state }: Line): string {
  const [first, ...rest] = text.split("\n");
  const lines = [`${state ? "!" : " "} ${label.padEnd(LABEL_WIDTH)}  ${first}`.trimEnd()];
  return [...lines, ...rest.map((line) => " ".repeat(LABEL_WIDTH + 4) + line)].join("\n");
}

/** The last line, which says plainly whether all is well. */
export function formatVerdict(
  { failures, notes }: Pick<Report, "failures" | "notes">,
  { tested, seconds }: { tested: boolean; seconds: number },
): string {
  const time = `${seconds.toFixed(1)} s`;
  const remarks = notes === 0 ? "" : `; ${plural(notes, "note")} marked with !`;
  if (failures > 0) {
    return `FAILED: ${plural(failures, "check")} did not pass, see the lines with FAILED (${time}${remarks})`;
  }
  if (!tested) return `Self-test skipped: nothing was checked (${time}${remarks})`;
  return `All is well: every check passed (${time}${remarks})`;
}

/** `1 note`, `2 notes`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `238 GiB`, `3.9 GiB`, `128 MiB`. */
export function formatBytes(bytes: number): string {
  const gib = bytes / 2 ** 30;
  if (gib >= 99.95) return `${Math.round(gib)} GiB`;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** A relative error: `0`, or two digits and the exponent, `1.2e-7`. */
export function formatError(error: number): string {
  return error === 0 ? "0" : error.toExponential(1);
}

/** The value, or null where the system does not tell or this process may not ask. */
export function orNull<T>(ask: () => T): T | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
