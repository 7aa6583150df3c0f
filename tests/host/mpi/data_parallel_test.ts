import { equal } from "node:assert/strict";
import { assertSameLosses, CASES, stepsOf } from "../../trainer/_rank_cases.ts";
import { rankProgram, startRanks, testWithMpi } from "./_mpirun.ts";

for (const [i, { title }] of CASES.entries()) {
  let alone: Promise<string> | undefined;
  testWithMpi(`2 ranks of MPI come to what 1 rank comes to over 20 updates: ${title}`, async (launcher) => {
    const program = rankProgram("_training_rank.ts", String(i));
    alone ??= runAlone(program);
    const { code, stdout, stderr } = await startRanks(launcher, 2, program).outcome;
    equal(code, 0, stderr);
    const [expected, actual] = [await alone, stdout].map((text) => stepsOf({ records: JSON.parse(text) }));
    equal(expected.length, 20);
    assertSameLosses(actual, expected);
  });
}

async function runAlone([deno, ...args]: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(deno, { args: [...args], env: { NO_COLOR: "1" } }).output();
  equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
