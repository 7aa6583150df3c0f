import { equal, match } from "node:assert/strict";
import { LIBRARY_VARIABLE } from "../../../lib/host/mpi/library.ts";
import { rankProgram, testWithMpi } from "./_mpirun.ts";

/** What openLibrary() says of a file, in a process that may call foreign functions. */
async function open(file: string): Promise<string> {
  const [deno, ...args] = rankProgram("_open_library.ts", file);
  const { stdout } = await new Deno.Command(deno, { args, env: { NO_COLOR: "1" } }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("openLibrary() says what to install when there is no library", async () => {
  equal(
    await open("/no/such/libmpi.so"),
    "Cannot start MPI: expected /no/such/libmpi.so, found none; on Debian: apt install openmpi-bin or apt " +
      `install mpich; elsewhere name the file in the environment variable ${LIBRARY_VARIABLE}`,
  );
});

testWithMpi("openLibrary() tells the two interfaces apart before MPI is started", async ({ name }) => {
  const file = name === "MPICH" ? "libmpich.so.12" : "libmpi.so.40";
  match(await open(file), name === "MPICH" ? /^MPICH \d/ : /^Open MPI v\d/);
});
