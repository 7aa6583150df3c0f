/** Processes that share the work of a study take turns where they share a folder. */
import { tryLock } from "../lib/host/mod.ts";

const PAUSE_MS = 2000;

/**
 * Waits until no other process works under this lock.
 *
 * @param path file of the lock; its folder exists
 * @returns what gives the lock back; undefined when the wait was interrupted
 */
export async function waitForLock(
  path: string,
  { interrupted, onWait }: { interrupted: () => boolean; onWait: () => void },
): Promise<Disposable | undefined> {
  for (let waits = 0;; waits++) {
    const lock = await tryLock(path);
    if (lock !== undefined || interrupted()) return lock;
    if (waits === 0) onWait();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
