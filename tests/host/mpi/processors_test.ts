import { deepEqual, equal, match } from "node:assert/strict";
import { countBits, planThreads } from "../../../lib/host/mpi/processors.ts";

Deno.test("planThreads() shares the processors among the ranks of the machine, at least one each", () => {
  deepEqual(planThreads({ online: 16, allowed: 16, localSize: 4 }), { threads: 4, warning: undefined });
  deepEqual(planThreads({ online: 16, allowed: 4, localSize: 4 }), { threads: 4, warning: undefined });
  deepEqual(planThreads({ online: 2, allowed: 2, localSize: 3 }), { threads: 1, warning: undefined });
  deepEqual(planThreads({ online: 16, allowed: 16, localSize: 1, asked: 5 }), { threads: 5, warning: undefined });
});

Deno.test("planThreads() warns of a rank that is bound to fewer processors than its share or than asked for", () => {
  const { threads, warning } = planThreads({ online: 16, allowed: 1, localSize: 4 });
  equal(threads, 1);
  match(warning!, /^each rank is bound to 1 of 16 processors, its share is 4: start with mpirun --bind-to none/);
  match(planThreads({ online: 4, allowed: 1, localSize: 4, asked: 2 }).warning!, /its share is 2/);
});

Deno.test("countBits() counts the processors of a set", () => {
  equal(countBits(Uint8Array.of(0b1011, 0, 0xff)), 11);
});
