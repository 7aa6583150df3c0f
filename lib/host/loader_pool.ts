/** Samples made by several threads at once. */
import type {
  LabelledPlan,
  LabelledSample,
  LabelledSampleSource,
  Sample,
  SamplePlan,
  SampleRequest,
  SampleSource,
} from "../dataset/mod.ts";
import { localLabelledSource, localSource } from "./_local_source.ts";
import { receiveError } from "./_transfer_error.ts";
import type { WorkerMessage, WorkerReply } from "./loader_worker.ts";

/** How much of the machine a source may take. */
export interface SourceOptions {
  /** Threads; 0 makes samples in the calling one. */
  readonly workers: number;
  /** Voxel bytes of prepared subjects kept in memory, over all threads. */
  readonly cacheBytes: number;
}

/**
 * Opens a source of samples that reads from this machine's disk.
 *
 * The samples are the same with any number of workers. Workers need Deno's read permission for `lib/` beside that for the
 * scans: where it is missing, every load is rejected with an error that says so.
 *
 * @throws {RangeError} when the number of workers is not a non-negative integer
 */
export function openSampleSource(plan: SamplePlan, { workers, cacheBytes }: SourceOptions): SampleSource {
  checkWorkers(workers);
  if (workers === 0) return localSource(plan, { cacheBytes });
  return new LoaderPool<Sample>({ kind: "open", plan }, { workers, cacheBytes });
}

/**
 * The same for samples with their labels.
 *
 * @throws {RangeError} when the number of workers is not a non-negative integer
 */
export function openLabelledSource(plan: LabelledPlan, { workers, cacheBytes }: SourceOptions): LabelledSampleSource {
  checkWorkers(workers);
  if (workers === 0) return localLabelledSource(plan, { cacheBytes });
  return new LoaderPool<LabelledSample>({ kind: "open labelled", plan }, { workers, cacheBytes });
}

function checkWorkers(workers: number): void {
  if (!Number.isInteger(workers) || workers < 0) {
    throw new RangeError(`Cannot open sample source: expected a number of workers of at least 0, got ${workers}`);
  }
}

/** What a pool is opened for; every worker gets its share of the cache with it. */
type Opening = { kind: "open"; plan: SamplePlan } | { kind: "open labelled"; plan: LabelledPlan };

/**
 * A fixed set of worker threads, each with its own cache.
 *
 * A subject always goes to the same worker (its index modulo their number), so no subject is prepared or kept twice. The
 * voxels of a sample are handed over, not copied.
 */
class LoaderPool<S extends Sample | LabelledSample> {
  readonly #members: readonly PoolMember<S>[];

  constructor(opening: Opening, { workers, cacheBytes }: SourceOptions) {
    const share = Math.floor(cacheBytes / workers);
    this.#members = Array.from({ length: workers }, () => new PoolMember<S>({ ...opening, cacheBytes: share }));
  }

  /**
   * Makes a sample in the subject's worker.
   *
   * @throws the worker's own error: class, name and message; or an Error when the worker stopped
   */
  load(request: SampleRequest): Promise<S> {
    // An index that is no index has no worker of its own; any of them will refuse it.
    const member = this.#members[request.subject % this.#members.length] ?? this.#members[0];
    return member.load(request);
  }

  /** Ends the threads at once; loads under way are rejected. */
  close(): void {
    for (const member of this.#members) {
      member.stop(new Error("Cannot load sample: expected an open source, got a closed one"));
    }
  }
}

/** One worker and the requests it has not answered yet. */
class PoolMember<S extends Sample | LabelledSample> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<S>>();
  #nextId = 0;
  #stopped: Error | undefined;

  constructor(opening: WorkerMessage) {
    this.#worker = new Worker(new URL("./loader_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerReply>): void => this.#settle(data);
    this.#worker.onerror = (event): void => {
      event.preventDefault();
      this.stop(new Error(`Cannot load sample: expected a running worker, got ${event.message}`));
    };
    this.#post(opening);
  }

  load(request: SampleRequest): Promise<S> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<S>();
    this.#waiting.set(id, waiting);
    this.#post({ kind: "load", id, request });
    return waiting.promise;
  }

  /** Ends the worker; what waits, and every later load, is rejected with the reason. */
  stop(reason: Error): void {
    this.#stopped ??= reason;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  #post(message: WorkerMessage): void {
    this.#worker.postMessage(message);
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ("sample" in reply) waiting?.resolve(reply.sample as S);
    else waiting?.reject(receiveError(reply.error));
  }
}
