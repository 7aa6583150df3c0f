import assert from "node:assert/strict";
import { addCounts, COMPUTE_FLAGS, countTests, formatCount, missedTests } from "../../tasks/test.ts";

const OUTPUT = `running 3 tests from ./tests/a_test.ts
crop() cuts a box ... \x1b[0m\x1b[32mok\x1b[0m \x1b[0m\x1b[38;5;245m(2ms)\x1b[0m
gpu() runs where there is one ... \x1b[0m\x1b[33mignored\x1b[0m \x1b[0m\x1b[38;5;245m(0ms)\x1b[0m
print() shows ok | 99 passed ... FAILED (1ms)

\x1b[0m\x1b[31mFAILED\x1b[0m | 11 passed (4 steps) | 2 failed | 1 ignored \x1b[0m\x1b[38;5;245m(399ms)\x1b[0m

`;

Deno.test("countTests() reads the summary of deno test, colours or not, and the names of skipped tests", () => {
  assert.deepEqual(countTests(OUTPUT), {
    passed: 11,
    failed: 2,
    skipped: 1,
    skippedNames: ["gpu() runs where there is one"],
  });
  assert.deepEqual(countTests("ok | 5 passed | 0 failed (1s)\n"), {
    passed: 5,
    failed: 0,
    skipped: 0,
    skippedNames: [],
  });
});

Deno.test("countTests() gives nothing when the tests did not run", () => {
  assert.equal(countTests("error: Module not found\n"), undefined);
});

Deno.test("formatCount() writes the closing line and leaves out what was not skipped", () => {
  assert.equal(formatCount({ passed: 12, failed: 0, skipped: 0 }), "12 passed, 0 failed");
  assert.equal(formatCount({ passed: 12, failed: 1, skipped: 3 }), "12 passed, 1 failed, 3 skipped");
});

Deno.test("missedTests() finds the skipped tests whose need is said to be installed", () => {
  const skipped = ["multiply() (ignored: no GPU adapter)", "round trip (ignored: no python3 with torch here)"];
  assert.deepEqual(missedTests(skipped, ""), []);
  assert.deepEqual(missedTests(skipped, "no GPU adapter"), [skipped[0]]);
  assert.deepEqual(missedTests(skipped, ",no python3 with torch"), [skipped[1]]);
  assert.deepEqual(missedTests([], "no GPU adapter"), []);
});

Deno.test("addCounts() adds the runs of a gate", () => {
  const [first, second] = [countTests(OUTPUT)!, countTests("ok | 5 passed | 0 failed (1s)\n")!];
  const skippedNames = ["gpu() runs where there is one"];
  assert.deepEqual(addCounts([first, second]), { passed: 16, failed: 2, skipped: 1, skippedNames });
});

Deno.test("the gate tests the kernels under the flags that compute tasks start with", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  for (const name of ["pretrain", "bench"]) assert.ok(tasks[name].command.includes(` ${COMPUTE_FLAGS} `), name);
});
