/** What the command lines of all tasks have in common; loads nothing large, so that `--help` is quick. */
import { CommanderError, InvalidArgumentError } from "commander";
import { ConfigError, messageOf } from "../lib/errors.ts";

/** Names that `--backend` takes, written out because loading the room that owns them would slow the help down. */
export const BACKEND_CHOICES = ["auto", "webgpu", "simd", "reference"] as const;

/** Exit status of work that was interrupted and saved. */
export const INTERRUPTED = 130;

/**
 * Prints what went wrong and gives the status to exit with: 0 for help, 2 for wrong arguments and options, else 1.
 *
 * With the environment variable BRAINMVP_DEBUG, where a task may read it, the whole error is printed.
 */
export function statusOf(error: unknown): number {
  // Commander has printed its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  console.error(Deno.env.has("BRAINMVP_DEBUG") ? error : messageOf(error));
  return error instanceof ConfigError ? 2 : 1;
}

/** Reads `--threads`. */
export function parseThreads(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1) throw new InvalidArgumentError("Expected a whole number from 1.");
  return threads;
}

/** Reads `--seeds`. */
export function parseSeeds(text: string): number[] {
  const seeds = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (!seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)) {
    throw new InvalidArgumentError(`Expected whole numbers from 0, as in 0,1,2, got "${text}".`);
  }
  return [...new Set(seeds)];
}

/** 20260101-120000, local time: sorts by age and says when. */
export function timestamp(): string {
  const now = new Date();
  const pad = (value: number): string => String(value).padStart(2, "0");
  const date = `${now.getFullYear()}${pad(now.getMonth() + 1)}${pad(now.getDate())}`;
  return `${date}-${pad(now.getHours())}${pad(now.getMinutes())}${pad(now.getSeconds())}`;
}

/** The folder of a path: `.` for a bare name, the root for what lies in it. */
export function folderOf(path: string): string {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return cut < 0 ? "." : path.slice(0, Math.max(cut, 1));
}
