import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { rankProgram, startRanks, testWithMpi } from "./_mpirun.ts";

testWithMpi("MpiCommunicator sums, gathers, shares and waits over 3 ranks", async (launcher) => {
  const { code, stdout, stderr } = await startRanks(launcher, 3, rankProgram("_talking_rank.ts")).outcome;
  equal(code, 0, stderr);
  deepEqual(JSON.parse(stdout), {
    size: 3,
    local: { rank: 2, size: 3 },
    doubles: [6, 3e-12],
    sums: [6, 12, 18],
    between: 3,
    rows: [[], [1], [2, 2]],
    text: "große Worte",
  });
});

testWithMpi(
  "MpiCommunicator ends the job with an error when a rank leaves it without close(), even with status 0",
  async (launcher) => {
    const { code } = await startRanks(launcher, 2, rankProgram("_talking_rank.ts", "exit 0")).outcome;
    notEqual(code, 0);
  },
);

testWithMpi("MpiCommunicator ends the job when a rank throws, and its message is read", async (launcher) => {
  const { code, stderr } = await startRanks(launcher, 2, rankProgram("_talking_rank.ts", "throw")).outcome;
  notEqual(code, 0);
  match(stderr, /the last rank fails/);
});

testWithMpi("MpiCommunicator.open() refuses to be a world of its own among several", async (launcher) => {
  // Without the launcher, each process is one; only the environment says that there are others.
  const variable = launcher.name === "MPICH" ? "PMI_SIZE" : "OMPI_COMM_WORLD_SIZE";
  const [deno, ...args] = rankProgram("_talking_rank.ts");
  const { code, stderr } = await new Deno.Command(deno, { args, env: { [variable]: "4", NO_COLOR: "1" } }).output();
  notEqual(code, 0);
  match(
    new TextDecoder().decode(stderr),
    new RegExp(`Cannot start MPI: expected a world of 4 ranks, as ${variable} says, got one of 1: libmpi`),
  );
});
