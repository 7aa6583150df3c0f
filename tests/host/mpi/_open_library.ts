/** Opens the library named by the argument and prints what comes of it: tests themselves may call no foreign functions. */
import { openLibrary } from "../../../lib/host/mpi/library.ts";

try {
  console.log(openLibrary({ launcher: "Slurm" }, Deno.args[0]).version);
} catch (error) {
  console.log((error as Error).message);
}
