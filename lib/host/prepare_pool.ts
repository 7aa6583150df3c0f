/** Prepares many subjects with several threads. */
import type { Subject } from "../dataset/mod.ts";
import type { PrepareJob } from "./_prepare_subject.ts";
import { receiveError } from "./_transfer_error.ts";
import type { PrepareMessage, PrepareReply } from "./prepare_worker.ts";

/** What became of a subject. */
export interface PreparedOutcome {
  readonly id: string;
  /** Why it is in quarantine; undefined where it was prepared. */
  readonly reason?: string;
  /** Bytes written. */
  readonly bytes: number;
}

/** Who works, who watches, and who may end it. */
export interface PreparePoolOptions {
  readonly job: PrepareJob;
  /** Threads. */
  readonly workers: number;
  readonly onDone: (outcome: PreparedOutcome) => void;
  /** True once the person wants to stop: subjects under way are finished, no other is begun. */
  readonly interrupted: () => boolean;
}

/**
 * Prepares subjects, each in one thread from its scans to its place in the folder.
 *
 * @throws {RangeError} when the number of workers is not a positive integer
 * @throws {Error} when results cannot be written, or a thread dies; the other threads are ended with it
 */
export async function prepareSubjects(subjects: readonly Subject[], options: PreparePoolOptions): Promise<void> {
  const { job, workers, onDone, interrupted } = options;
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`Cannot prepare: expected a number of workers of at least 1, got ${workers}`);
  }
  const members = Array.from({ length: Math.min(workers, subjects.length) }, (_, i) => {
    return new PrepareMember({ ...job, tag: `${job.tag}-${i}` });
  });
  let next = 0;
  try {
    await Promise.all(members.map(async (member) => {
      while (next < subjects.length && !interrupted()) onDone(await member.prepare(subjects[next++]));
    }));
  } finally {
    for (const member of members) member.stop();
  }
}

/** One thread with one subject at a time. */
class PrepareMember {
  readonly #worker = new Worker(new URL("./prepare_worker.ts", import.meta.url), { type: "module" });
  #waiting: PromiseWithResolvers<PreparedOutcome> | undefined;

  constructor(job: PrepareJob) {
    this.#worker.onmessage = ({ data }: MessageEvent<PrepareReply>): void => {
      if ("error" in data) this.#waiting?.reject(receiveError(data.error));
      else this.#waiting?.resolve(data);
    };
    this.#worker.onerror = (event): void => {
      event.preventDefault();
      this.#waiting?.reject(new Error(`Cannot prepare: expected a running worker, got ${event.message}`));
    };
    this.#post({ kind: "open", job });
  }

  prepare(subject: Subject): Promise<PreparedOutcome> {
    this.#waiting = Promise.withResolvers();
    this.#post({ kind: "subject", subject });
    return this.#waiting.promise;
  }

  stop(): void {
    this.#worker.terminate();
  }

  #post(message: PrepareMessage): void {
    this.#worker.postMessage(message);
  }
}
