/** Whether a launcher of MPI has started this process, told from its environment: MPI itself is not loaded yet. */

/** How this process was started. */
export interface Launch {
  readonly launcher: "Open MPI" | "MPICH" | "Slurm";
  /** This process's number, from 0; unknown where the environment does not say. */
  readonly rank: number | undefined;
  /** Processes that were started together. */
  readonly size: number;
  /** Environment variable that says so. */
  readonly variable: string;
}

/** Size and rank by launcher. Slurm's are those of a job step: an allocation alone has started nothing. */
const VARIABLES = [
  { launcher: "Open MPI", size: "OMPI_COMM_WORLD_SIZE", rank: "OMPI_COMM_WORLD_RANK" },
  { launcher: "MPICH", size: "PMI_SIZE", rank: "PMI_RANK" },
  { launcher: "Slurm", size: "SLURM_STEP_NUM_TASKS", rank: "SLURM_PROCID" },
] as const;

/** Environment variables that are looked at. */
export const LAUNCH_VARIABLES: readonly string[] = VARIABLES.flatMap(({ size, rank }) => [size, rank]);

/**
 * Finds the launcher; `mpirun` within a Slurm job counts before Slurm.
 *
 * @param read gives an environment variable
 * @returns undefined for a process that was started by itself
 */
export function detectLaunch(read: (name: string) => string | undefined): Launch | undefined {
  for (const { launcher, size: variable, rank } of VARIABLES) {
    const size = integerOf(read(variable));
    if (size !== undefined) return { launcher, rank: integerOf(read(rank)), size, variable };
  }
  return undefined;
}

function integerOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
