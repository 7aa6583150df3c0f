/** Runs that outlive their GPU: a driver that restarts at night costs minutes, not the rest of the run. */
import { messageOf } from "../lib/errors.ts";
import { exists, RunFolder } from "../lib/host/mod.ts";
import { type BackendInfo, lossOfGpu } from "../lib/tensor/mod.ts";

/** Losses that a task goes on after; one more, and something is wrong that goes by no restart. */
const MOST_LOSSES = 5;
/** Milliseconds before the GPU is opened once more; a driver takes seconds to come back. */
const PAUSES = [0, 10_000, 60_000];

/** What it takes to go on. */
export interface Recovery {
  /** The GPU that the run began on: another one, or an emulated one, does not take its place. */
  readonly backend: BackendInfo;
  /** Starts the backend anew. */
  reopen(): Promise<BackendInfo>;
  /** Updates of the newest checkpoint; undefined before the first. */
  savedUpdates(): Promise<number | undefined>;
  /** Says what happened. */
  print(line: string): void;
  /** Waits before the GPU is opened once more. Default: a timer. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  /** Why the GPU is gone; null when it is not. Default: asks the backend. */
  readonly lossOf?: () => Promise<Error | null>;
}

/**
 * Sees a run through, again from its newest checkpoint when the GPU is lost on the way.
 *
 * What fails for any other reason fails. So does a second loss before a new checkpoint, and one after which the GPU does not
 * come back: with what the loss had to say.
 *
 * @param attempt starts the run, or goes on with it where it is given an event, which it records
 */
export async function outliveGpuLosses<T>(
  attempt: (event: string | undefined) => Promise<T>,
  recovery: Recovery,
): Promise<T> {
  let event: string | undefined;
  let before: number | undefined;
  for (let losses = 0;; losses++) {
    try {
      return await attempt(event);
    } catch (cause) {
      const loss = await (recovery.lossOf ?? lossOfGpu)();
      if (loss === null) throw cause;
      const saved = await recovery.savedUpdates();
      const isStuck = losses > 0 && saved === before;
      if (isStuck || losses === MOST_LOSSES || !await comesBack(recovery)) throw loss;
      before = saved;
      const goal = saved === undefined ? "starting again" : `going on from update ${saved}`;
      recovery.print(`lost the GPU, opened it again: ${goal} (time ${losses + 1} of at most ${MOST_LOSSES})`);
      event = saved === undefined ? "started again: the GPU was lost" : "went on from here: the GPU was lost";
    }
  }
}

/** Updates of the newest checkpoint in a run's folder; undefined where there is none yet. */
export async function savedUpdatesIn(folder: string | undefined): Promise<number | undefined> {
  if (folder === undefined || !await exists(`${folder}/checkpoints`)) return undefined;
  return await RunFolder.open(folder, { keep: 1 }).savedUpdates();
}

/** Opens the GPU anew; false when it is not there any more. */
async function comesBack({ backend, reopen, print, pause = wait }: Recovery): Promise<boolean> {
  let reason = "";
  for (const milliseconds of PAUSES) {
    if (milliseconds > 0) print(`lost the GPU, ${reason}: trying again in ${milliseconds / 1000} s`);
    await pause(milliseconds);
    try {
      const { description } = await reopen();
      if (description === backend.description) return true;
      reason = `found another instead: ${description}`;
    } catch (error) {
      reason = `it does not come back: ${messageOf(error)}`;
    }
  }
  print(`lost the GPU, ${reason}`);
  return false;
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
