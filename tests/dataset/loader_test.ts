import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { batches, type BatchesOptions, epochOrder } from "../../lib/dataset/loader.ts";
import type { Sample } from "../../lib/dataset/sample.ts";
import type { SampleRequest, SampleSource } from "../../lib/dataset/sample_source.ts";

const OPTIONS: BatchesOptions = {
  subjectCount: 7,
  seed: 11,
  batchSize: 3,
  dropLast: false,
  start: { epoch: 0, index: 0 },
  endEpoch: 3,
  prefetch: 2,
};

/** A source whose samples only carry their request; notes what was asked for. */
function fakeSource(fail?: (request: SampleRequest) => boolean): SampleSource & { asked: SampleRequest[] } {
  const asked: SampleRequest[] = [];
  return {
    asked,
    load: (request) => {
      asked.push(request);
      if (fail?.(request)) return Promise.reject(new Error(`no subject ${request.subject}`));
      const subject = `${request.epoch}/${request.subject}`;
      return Promise.resolve({ subject } as Sample);
    },
    close: () => {},
  };
}

async function listing(options: Partial<BatchesOptions> = {}): Promise<string[]> {
  const all = await Array.fromAsync(batches(fakeSource(), { ...OPTIONS, ...options }));
  return all.map(({ epoch, index, samples }) =>
    `${epoch}.${index}: ${samples.map(({ subject }) => subject).join(" ")}`
  );
}

Deno.test("epochOrder() gives every subject once per epoch, in an order of the epoch's own", () => {
  const [first, second] = [0, 1].map((epoch) => epochOrder(7, { seed: 11, epoch, batchSize: 3, dropLast: false }));
  deepEqual(first.map((batch) => batch.length), [3, 3, 1]);
  deepEqual(first.flat().sort(), [0, 1, 2, 3, 4, 5, 6]);
  equal(first.flat().join() === second.flat().join(), false);
  deepEqual(first, epochOrder(7, { seed: 11, epoch: 0, batchSize: 3, dropLast: false }));
});

Deno.test("epochOrder() drops a last batch that is not full when told so", () => {
  const order = epochOrder(7, { seed: 11, epoch: 0, batchSize: 3, dropLast: true });
  deepEqual(order, epochOrder(7, { seed: 11, epoch: 0, batchSize: 3, dropLast: false }).slice(0, 2));
});

Deno.test("batches() tells the source's watch when a batch is waited for, also when its load fails", async () => {
  const told: string[] = [];
  const watch = { begin: (): unknown => told.push("begin"), end: (): unknown => told.push("end") };
  const order = epochOrder(7, { ...OPTIONS, epoch: 0 });
  const source = { ...fakeSource(({ subject }) => subject === order[1][0]), watch };
  const iterator = batches(source, OPTIONS);
  await iterator.next();
  deepEqual(told, ["begin", "end"]);
  await rejects(iterator.next());
  deepEqual(told, ["begin", "end", "begin", "end"]);
});

Deno.test("epochOrder() rejects a bad batch size and an epoch without a batch", () => {
  const cases: [number, number, boolean, string][] = [
    [7, 0, false, "expected a batchSize of at least 1, got 0"],
    [7, 1.5, false, "expected a batchSize of at least 1, got 1.5"],
    [0, 2, false, "expected at least 1 subjects for one batch, got 0"],
    [3, 4, true, "expected at least 4 subjects for one batch, got 3"],
  ];
  for (const [count, batchSize, dropLast, reason] of cases) {
    throws(() => epochOrder(count, { seed: 1, epoch: 0, batchSize, dropLast }), {
      name: "RangeError",
      message: `Cannot order epoch: ${reason}`,
    });
  }
});

Deno.test("batches() yields each epoch in its order", async () => {
  const expected = [0, 1, 2].flatMap((epoch) =>
    epochOrder(7, { ...OPTIONS, epoch }).map((batch, i) =>
      `${epoch}.${i}: ${batch.map((s) => `${epoch}/${s}`).join(" ")}`
    )
  );
  deepEqual(await listing(), expected);
});

Deno.test("batches() does not depend on how far it loads ahead", async () => {
  for (const prefetch of [0, 1, 50]) deepEqual(await listing({ prefetch }), await listing());
});

Deno.test("batches() resumes anywhere without replaying", async () => {
  const all = await listing();
  deepEqual(await listing({ start: { epoch: 1, index: 2 } }), all.slice(5));
  // The place after an epoch's last batch is the next epoch's first.
  deepEqual(await listing({ start: { epoch: 1, index: 3 } }), all.slice(6));
  const source = fakeSource();
  await batches(source, { ...OPTIONS, start: { epoch: 2, index: 1 } }).next();
  deepEqual(new Set(source.asked.map(({ epoch }) => epoch)), new Set([2]));
});

Deno.test("batches() asks for no more than the batch in use and those ahead of it", async () => {
  const source = fakeSource();
  const iterator = batches(source, { ...OPTIONS, batchSize: 1, prefetch: 2 });
  equal(source.asked.length, 0);
  await iterator.next();
  equal(source.asked.length, 3);
  await iterator.next();
  equal(source.asked.length, 4);
  await iterator.return();
  equal(source.asked.length, 4);
});

Deno.test("batches() reports a failed load at its own batch, not ahead of it", async () => {
  const order = epochOrder(7, { ...OPTIONS, epoch: 0 });
  const iterator = batches(fakeSource(({ subject }) => subject === order[1][0]), OPTIONS);
  equal((await iterator.next()).done, false);
  await rejects(iterator.next(), { message: `no subject ${order[1][0]}` });
});

Deno.test("batches() waits for the loads under way when the loop is left early", async () => {
  const gate = Promise.withResolvers<Sample>();
  let finished = false;
  const source: SampleSource = {
    load: ({ subject }) => {
      if (subject === epochOrder(7, { ...OPTIONS, epoch: 0 })[0][0]) return Promise.resolve({} as Sample);
      return gate.promise.finally(() => finished = true);
    },
    close: () => {},
  };
  const iterator = batches(source, { ...OPTIONS, batchSize: 1, prefetch: 1 });
  // With single-subject batches the first subject of the epoch's order is the same.
  await iterator.next();
  const left = iterator.return();
  gate.resolve({} as Sample);
  await left;
  equal(finished, true);
});

Deno.test("batches() rejects a negative prefetch", async () => {
  await rejects(batches(fakeSource(), { ...OPTIONS, prefetch: -1 }).next(), {
    name: "RangeError",
    message: "Cannot load batches: expected a prefetch of at least 0, got -1",
  });
});

Deno.test("batches() gives ranks the parts of every batch in order, and the last one's missing places to the last ranks", async () => {
  const ranks = await Promise.all(
    [0, 1, 2, 3].map((rank) =>
      Array.fromAsync(batches(fakeSource(), { ...OPTIONS, batchSize: 4, rank, worldSize: 4, endEpoch: 2 }))
    ),
  );
  const whole = await Array.fromAsync(batches(fakeSource(), { ...OPTIONS, batchSize: 4, endEpoch: 2 }));
  deepEqual(whole.map((batch) => batch.whole), [4, 3, 4, 3].map((count) => ({ first: 0, count })));
  whole.forEach(({ subjects, samples, ...place }, i) => {
    deepEqual(ranks.flatMap((batches) => batches[i].subjects), subjects);
    deepEqual(ranks.flatMap((batches) => batches[i].samples), samples);
    ranks.forEach((batches, rank) => {
      deepEqual(batches[i].whole, { first: rank, count: subjects.length });
      deepEqual([batches[i].epoch, batches[i].index], [place.epoch, place.index]);
    });
  });
  deepEqual(ranks[3][1].samples, []);
});

Deno.test("batches() rejects ranks that cannot share a batch equally, and a rank outside", async () => {
  const first = (options: Partial<BatchesOptions>) => batches(fakeSource(), { ...OPTIONS, ...options }).next();
  await rejects(first({ worldSize: 2 }), {
    name: "RangeError",
    message: "Cannot share batches: expected a number of ranks that divides 3, got 2",
  });
  await rejects(first({ worldSize: 3, rank: 3 }), {
    name: "RangeError",
    message: "Cannot share batches: expected a rank in [0, 3), got 3",
  });
});
