import { deepEqual, equal } from "node:assert/strict";
import { detectLaunch, LAUNCH_VARIABLES } from "../../../lib/host/mpi/launch.ts";

Deno.test("detectLaunch() finds launcher, size and rank, mpirun within a Slurm job before Slurm", () => {
  const slurm = { SLURM_STEP_NUM_TASKS: "4", SLURM_PROCID: "3", SLURM_NTASKS: "9" };
  const open = { OMPI_COMM_WORLD_SIZE: "8", OMPI_COMM_WORLD_RANK: "0" };
  const read = (variables: Record<string, string>) => (name: string): string | undefined => variables[name];
  deepEqual(detectLaunch(read({ ...slurm, ...open })), {
    launcher: "Open MPI",
    rank: 0,
    size: 8,
    variable: "OMPI_COMM_WORLD_SIZE",
  });
  deepEqual(detectLaunch(read({ PMI_SIZE: "2" })), {
    launcher: "MPICH",
    rank: undefined,
    size: 2,
    variable: "PMI_SIZE",
  });
  deepEqual(detectLaunch(read(slurm)), { launcher: "Slurm", rank: 3, size: 4, variable: "SLURM_STEP_NUM_TASKS" });
});

Deno.test("detectLaunch() sees no launch in an allocation, an odd value or an empty environment", () => {
  equal(detectLaunch((name) => ({ SLURM_NTASKS: "8" } as Record<string, string>)[name]), undefined);
  equal(detectLaunch((name) => name === "PMI_SIZE" ? "many" : undefined), undefined);
  equal(detectLaunch(() => undefined), undefined);
  equal(LAUNCH_VARIABLES.length, 6);
});
