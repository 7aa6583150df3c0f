/** The ranks that a task trains on: one, or those that mpirun or srun has started. */
import { type Communicator, SINGLE_RANK } from "../lib/communicator.ts";
import { ConfigError } from "../lib/errors.ts";
import {
  detectLaunch,
  type Launch,
  LIBRARY_VARIABLE,
  MpiCommunicator,
  planThreads,
  readProcessors,
} from "../lib/host/mod.ts";

/** Ranks, and what each has of its machine. */
export interface Ranks {
  readonly communicator: Communicator;
  /** This rank's number on its machine, and the ranks there. */
  readonly local: { readonly rank: number; readonly size: number };
  /** One line for people; undefined for a rank of its own. */
  readonly description: string | undefined;
  /** Threads to compute with, and what stands in their way. */
  threads(asked: number | undefined): { readonly threads?: number; readonly warning?: string };
  /** Waits for all ranks and lets go of them; a rank may end well only after this. */
  close(): Promise<void>;
  /** Ends all ranks at once; what is to be read must have been printed. */
  abort(code: number): void;
}

/** A rank of its own. */
export const OWN_RANK: Ranks = {
  communicator: SINGLE_RANK,
  local: { rank: 0, size: 1 },
  description: undefined,
  threads: (threads) => ({ threads }),
  close: () => Promise.resolve(),
  abort: () => {},
};

/**
 * Joins the ranks that were started together with this process.
 *
 * @param task the task under which MPI may be used, for messages
 * @throws {ConfigError} when a launcher started this process under a task that may not use MPI
 * @throws {Error} when MPI cannot be started
 */
export function openRanks({ task }: { task: string }): Ranks {
  const launch = detectLaunch((name) => Deno.env.get(name));
  if (launch === undefined) return OWN_RANK;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    if (launch.size === 1) return OWN_RANK;
    throw new ConfigError(refusalOf(launch, task));
  }
  const communicator = MpiCommunicator.open({ launch, library: Deno.env.get(LIBRARY_VARIABLE) });
  const { local, size, version } = communicator;
  return {
    communicator,
    local,
    description: `${size} (${local.size} on this machine), ${version}`,
    threads: (asked) => planThreads({ ...readProcessors(), localSize: local.size, asked }),
    close: () => communicator.close(),
    abort: (code) => communicator.abort(code),
  };
}

/**
 * Refuses what runs on one rank where a launcher has started several: each would do, and write, the same.
 *
 * @param verb what is refused, for the message: "fine-tune"
 * @throws {ConfigError} when this process is one of several ranks
 */
export function refuseRanks(verb: string): void {
  const launch = detectLaunch((name) => Deno.env.get(name));
  if (launch === undefined || launch.size === 1) return;
  const { launcher, size, variable } = launch;
  throw new ConfigError(
    `Cannot ${verb} on ${size} ranks, started by ${launcher} (${variable}): expected a single process`,
  );
}

function refusalOf({ launcher, size, variable }: Launch, task: string): string {
  return `Cannot train on ${size} ranks, started by ${launcher} (${variable}): expected deno task ${task}`;
}
