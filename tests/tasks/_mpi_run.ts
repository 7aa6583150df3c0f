/** Runs of `deno task pretrain:mpi` under a launcher, and ways to make one of their ranks fail. */
import { COMPUTE_FLAGS } from "../../tasks/test.ts";
import type { Launcher } from "../host/mpi/_mpirun.ts";
import { type Job, startRanks } from "../host/mpi/_mpirun.ts";

/** Options that fit runs on several ranks: a model that is not drawn to chaos by crops of 16³. */
export const PARALLEL = ["model=unet3d-tiny", "optimizer.learningRate=1e-4", "optimizer.epsilon=1e-2"];

/** A shell's commands before and around a rank. */
export interface RankShell {
  /** Run in the rank's own process before the task, e.g. limits. */
  readonly before?: string;
  /** A file: once it is there, the rank is killed without a chance to say anything. */
  readonly killOnce?: { readonly file: string; readonly rank: number };
}

/** Starts the task on so many ranks, each through a shell. */
export function startPretrainRanks(
  launcher: Launcher,
  { size, args, shell = {} }: { size: number; args: readonly string[]; shell?: RankShell },
): Job {
  const { before = ":", killOnce } = shell;
  const task = `deno run -q --no-check -P=pretrain-mpi ${COMPUTE_FLAGS} tasks/pretrain.ts`;
  const rank = "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}";
  // The watcher ends with the rank.
  const watch = killOnce === undefined ? "" : `if [ "${rank}" = ${killOnce.rank} ]; then rank_process=$$
      (while [ ! -e '${killOnce.file}' ]; do kill -0 $rank_process || exit; sleep 0.02; done; kill -9 $rank_process) 2>&- >&- &
    fi; `;
  return startRanks(launcher, size, ["bash", "-c", `${before}; ${watch}exec ${task} "$@"`, "rank", ...args]);
}
