/** The worker of the page on which scans are rebuilt, as a state that the page shows. */
// deno-lint-ignore no-import-prefix -- only the site needs it: runs should not have to download it
import { type Signal, signal } from "npm:@preact/signals@2.11.4";
import { siteUrl } from "../urls.ts";
import type { ChosenScan, WorkerAnswer, WorkerRequest } from "../workers/rebuild.ts";
import type { RebuildRequest, Rebuilt } from "../workers/_rebuilding.ts";

/** A head that can be rebuilt. */
export type OpenedHead = Omit<Extract<WorkerAnswer, { kind: "opened" }>, "kind">;

/** A finished rebuilding. */
export interface Outcome {
  readonly request: RebuildRequest;
  readonly result: Rebuilt;
  readonly milliseconds: number;
}

/** Talks to the worker; at most one thing is done at a time, the newest wish next. */
export class TrySession {
  readonly scans: Signal<readonly ChosenScan[]> = signal([]);
  readonly head: Signal<OpenedHead | null> = signal(null);
  readonly outcome: Signal<Outcome | null> = signal(null);
  /** What is being done; null = nothing. */
  readonly busy: Signal<{ readonly text: string; readonly share: number } | null> = signal(null);
  readonly problem: Signal<string | null> = signal(null);
  #worker: Worker | null = null;
  #running: RebuildRequest | null = null;
  #next: RebuildRequest | null = null;

  /** Takes files of one head, and asks the worker what their names say. */
  choose(files: readonly File[]): void {
    if (files.length === 0) return;
    this.problem.value = null;
    this.scans.value = files.map((file) => ({ file, modality: "" }));
    this.#post({ kind: "guess", names: files.map(({ name }) => name) });
  }

  /** Says what a file shows. */
  label(index: number, modality: string): void {
    this.scans.value = this.scans.value.map((scan, i) => i === index ? { ...scan, modality } : scan);
  }

  /** Prepares the chosen scans, or the phantom. */
  open(scans: readonly ChosenScan[] | null, backend: "simd" | "webgpu"): void {
    this.problem.value = null;
    this.head.value = this.outcome.value = null;
    this.busy.value = { text: "starting", share: 0 };
    this.#post({ kind: "open", scans, backend, root: siteUrl("/") });
  }

  /** Rebuilds; a wish that comes while another is worked on replaces those that wait. */
  rebuild(request: RebuildRequest): void {
    if (this.#running !== null) {
      this.#next = request;
      return;
    }
    this.#running = request;
    this.busy.value = { text: "rebuilding", share: 0.9 };
    this.#post({ kind: "rebuild", ...request });
  }

  /** Stops whatever is being done. */
  cancel(): void {
    this.#worker?.terminate();
    this.#worker =
      this.#running =
      this.#next =
      this.busy.value =
        null;
    this.head.value = null;
  }

  #post(request: WorkerRequest): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(request);
  }

  #start(): Worker {
    const worker = new Worker(siteUrl("/workers/rebuild.js"), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => this.#take(data);
    worker.onerror = ({ message }) => {
      this.cancel();
      this.problem.value = message ?? "Cannot start the worker of this page";
    };
    return worker;
  }

  #take(answer: WorkerAnswer): void {
    if (answer.kind === "guessed") {
      // What the reader has said meanwhile counts more than a name.
      this.scans.value = this.scans.value.map(({ file, modality }, i) => {
        return { file, modality: modality || (answer.modalities[i] ?? "") };
      });
    } else if (answer.kind === "progress") this.busy.value = answer;
    else if (answer.kind === "opened") {
      this.busy.value = null;
      this.head.value = answer;
    } else if (answer.kind === "rebuilt") this.#finish(answer);
    else {
      this.#running = this.#next = this.busy.value = null;
      this.problem.value = answer.message;
    }
  }

  #finish({ result, milliseconds }: Extract<WorkerAnswer, { kind: "rebuilt" }>): void {
    this.outcome.value = { request: this.#running!, result, milliseconds };
    const next = this.#next;
    this.#running = this.#next = this.busy.value = null;
    if (next !== null) this.rebuild(next);
  }
}
