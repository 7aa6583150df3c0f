/** A rank that tries every way to speak with the others, and ends as it is told. */
import { shareText } from "../../../lib/communicator.ts";
import { detectLaunch, MpiCommunicator } from "../../../lib/host/mod.ts";

const [ending] = Deno.args;
const communicator = MpiCommunicator.open({ launch: detectLaunch((name) => Deno.env.get(name))! });
const { rank, size, local } = communicator;
const doubles = Float64Array.of(rank + 1, 1e-12);
communicator.allReduceSum(doubles);
const started = [1, 2, 3].map((factor) => new Float32Array(1e5).fill(factor * (rank + 1)));
const pending = started.map((values) => communicator.startAllReduceSum(values));
const between = Float32Array.of(1);
communicator.allReduceSum(between);
for (const sum of pending) {
  sum.progress();
  sum.finish();
  sum.finish();
}
const rows = communicator.allGather(Float32Array.from({ length: rank }, () => rank));
const text = await shareText(
  communicator,
  () => new Promise((resolve) => setTimeout(() => resolve("große Worte"), 50)),
);
const last = size - 1;
if (ending === "exit 0" && rank === last) Deno.exit(0);
if (ending === "throw" && rank === last) throw new Error("the last rank fails");
await communicator.barrier();
if (rank === last) {
  const sums = started.map((values) => values.at(-1));
  console.log(
    JSON.stringify({
      size,
      local,
      doubles: [...doubles],
      sums,
      between: between[0],
      rows: rows.map((row) => [...row]),
      text,
    }),
  );
}
await communicator.close();
