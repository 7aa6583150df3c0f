/** Ranks that are processes of MPI. */
import type { Communicator, PendingSum } from "../../communicator.ts";
import type { Handle } from "./_abi.ts";
import type { Launch } from "./launch.ts";
import { type MpiLibrary, openLibrary } from "./library.ts";

/** All calls come from one thread. */
const THREAD_FUNNELED = 1;
/** Milliseconds between looks at a barrier: short at first, then long enough to leave the processor to others. */
const SHORTEST_PAUSE = 1, LONGEST_PAUSE = 50;

type Values = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** How MPI is opened. */
export interface MpiOptions {
  readonly launch: Launch;
  /** File of the library; default: the one that belongs to the launcher. */
  readonly library?: string;
}

/**
 * MPI through Deno's foreign functions.
 *
 * Sums that are under way have a communicator of MPI of their own, so that they never meet those that are waited for. They
 * are MPI's nonblocking collectives rather than calls on other threads: these would need a thread for each of them, and
 * their ends would not be seen while a backward pass keeps the event loop waiting.
 *
 * A process that ends in any way without {@linkcode close} ends the whole job.
 */
export class MpiCommunicator implements Communicator {
  readonly rank: number;
  readonly size: number;
  /** This process's number on its machine, and the processes there. */
  readonly local: { readonly rank: number; readonly size: number };
  readonly #library: MpiLibrary;
  readonly #world: Handle;
  readonly #waited: Handle;
  readonly #started: Handle;
  #closed = false;
  readonly #onUnload = (): void => this.abort(1);

  private constructor(library: MpiLibrary) {
    const { functions, constants } = library;
    this.#library = library;
    this.#world = constants.world;
    functions.MPI_Init_thread(null, null, THREAD_FUNNELED, new Int32Array(1));
    this.rank = this.#ask("MPI_Comm_rank", this.#world);
    this.size = this.#ask("MPI_Comm_size", this.#world);
    this.#waited = this.#duplicate();
    this.#started = this.#duplicate();
    const room = library.handleRoom();
    functions.MPI_Comm_split_type(this.#world, constants.sharedMemory, this.rank, constants.noInfo, room);
    const machine = library.readHandle(room);
    this.local = { rank: this.#ask("MPI_Comm_rank", machine), size: this.#ask("MPI_Comm_size", machine) };
    globalThis.addEventListener("unload", this.#onUnload);
  }

  /**
   * Starts MPI. Once per process.
   *
   * @throws {Error} when no library is found, or it belongs to another launcher, which would make every process a world of
   * its own
   */
  static open({ launch, library: file }: MpiOptions): MpiCommunicator {
    const library = openLibrary(launch, file);
    const opened = new MpiCommunicator(library);
    if (opened.size === launch.size) return opened;
    opened.#end();
    throw new Error(
      `Cannot start MPI: expected a world of ${launch.size} ranks, as ${launch.variable} says, got one of ${opened.size}: ` +
        `${library.file} (${library.version}) does not belong to the launcher, ${launch.launcher}`,
    );
  }

  /** Name and version of the library. */
  get version(): string {
    return this.#library.version;
  }

  allReduceSum(values: Float32Array | Float64Array): void {
    const { functions, constants } = this.#library;
    const type = values instanceof Float32Array ? constants.float : constants.double;
    const { inPlace, sum } = constants;
    functions.MPI_Allreduce(inPlace, values as Values, values.length, type, sum, this.#waited);
  }

  startAllReduceSum(values: Float32Array): PendingSum {
    const { functions, constants } = this.#library;
    const { inPlace, float, sum } = constants;
    const request = this.#library.handleRoom();
    functions.MPI_Iallreduce(inPlace, values as Values, values.length, float, sum, this.#started, request);
    // MPI writes into the values until then: they must not be collected.
    let held: Float32Array | undefined = values;
    return {
      progress: () => {
        if (held && this.#test(request)) held = undefined;
      },
      finish: () => {
        if (held) functions.MPI_Wait(request, constants.noStatus);
        held = undefined;
      },
    };
  }

  allGather(values: Float32Array): Float32Array[] {
    const { functions, constants: { int, float } } = this.#library;
    const counts = new Int32Array(this.size);
    functions.MPI_Allgather(Int32Array.of(values.length), 1, int, counts, 1, int, this.#waited);
    const offsets = new Int32Array(this.size);
    for (let r = 1; r < this.size; r++) offsets[r] = offsets[r - 1] + counts[r - 1];
    const all = new Float32Array(offsets[this.size - 1] + counts[this.size - 1]);
    const own = values as Float32Array<ArrayBuffer>;
    functions.MPI_Allgatherv(own, own.length, float, all, counts, offsets, float, this.#waited);
    return Array.from(counts, (count, r) => all.slice(offsets[r], offsets[r] + count));
  }

  broadcast(bytes: Uint8Array): void {
    const { functions, constants: { byte } } = this.#library;
    functions.MPI_Bcast(bytes as Uint8Array<ArrayBuffer>, bytes.length, byte, 0, this.#waited);
  }

  async barrier(): Promise<void> {
    const request = this.#library.handleRoom();
    this.#library.functions.MPI_Ibarrier(this.#waited, request);
    for (let pause = SHORTEST_PAUSE; !this.#test(request); pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Waits for all ranks and ends MPI; a process may end well only after this. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.barrier();
    this.#end();
  }

  /** Ends all ranks at once. What is to be read must have been printed before. */
  abort(code: number): void {
    if (this.#closed) return;
    this.#library.functions.MPI_Abort(this.#world, code);
  }

  #end(): void {
    this.#closed = true;
    globalThis.removeEventListener("unload", this.#onUnload);
    this.#library.functions.MPI_Finalize();
  }

  #test(request: Uint8Array<ArrayBuffer>): boolean {
    const done = new Int32Array(1);
    this.#library.functions.MPI_Test(request, done, this.#library.constants.noStatus);
    return done[0] !== 0;
  }

  #ask(name: "MPI_Comm_rank" | "MPI_Comm_size", communicator: Handle): number {
    const answer = new Int32Array(1);
    this.#library.functions[name](communicator, answer);
    return answer[0];
  }

  #duplicate(): Handle {
    const room = this.#library.handleRoom();
    this.#library.functions.MPI_Comm_dup(this.#world, room);
    return this.#library.readHandle(room);
  }
}
