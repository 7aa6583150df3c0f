/** A rank of a training run of tests; without a launcher, all there is. The first one prints what came of it. */
import { SINGLE_RANK } from "../../../lib/communicator.ts";
import { detectLaunch, MpiCommunicator } from "../../../lib/host/mod.ts";
import { CASES } from "../../trainer/_rank_cases.ts";
import { runJob } from "../../trainer/_rank_job.ts";

const launch = detectLaunch((name) => Deno.env.get(name));
const mpi = launch && MpiCommunicator.open({ launch });
const { records } = await runJob(CASES[Number(Deno.args[0])], mpi ?? SINGLE_RANK);
if ((mpi?.rank ?? 0) === 0) console.log(JSON.stringify(records));
await mpi?.close();
