import { deepEqual, equal } from "node:assert/strict";
import { type Communicator, shareBytes, shareText, SINGLE_RANK } from "../lib/communicator.ts";

Deno.test("SINGLE_RANK leaves sums and broadcasts as they are and gathers its own values", async () => {
  const values = Float32Array.of(1, 2);
  SINGLE_RANK.allReduceSum(values);
  const pending = SINGLE_RANK.startAllReduceSum(values);
  pending.progress();
  pending.finish();
  SINGLE_RANK.broadcast(new Uint8Array(values.buffer));
  deepEqual(values, Float32Array.of(1, 2));
  const [gathered, ...others] = SINGLE_RANK.allGather(values);
  deepEqual(others, []);
  gathered[0] = 9;
  equal(values[0], 1);
  await SINGLE_RANK.barrier();
});

/** Two ranks whose broadcasts pass from the first to the second, called one after the other. */
function pair(): [Communicator, Communicator] {
  const sent: Uint8Array[] = [];
  const base = { ...SINGLE_RANK, size: 2 };
  return [
    { ...base, rank: 0, broadcast: (bytes) => void sent.push(bytes.slice()) },
    { ...base, rank: 1, broadcast: (bytes) => bytes.set(sent.shift()!) },
  ];
}

Deno.test("shareText() and shareBytes() give every rank what the first makes, and call no other", async () => {
  const [first, second] = pair();
  const never = (): never => {
    throw new Error("only the first rank makes it");
  };
  equal(await shareText(first, () => "größer"), "größer");
  equal(await shareText(second, never), "größer");
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
  await shareBytes(first, () => Promise.resolve(bytes));
  deepEqual(await shareBytes(second, never), bytes);
  await shareBytes(first, () => new Uint8Array());
  equal((await shareBytes(second, never)).length, 0);
});
