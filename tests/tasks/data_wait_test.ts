import { deepEqual, equal, rejects } from "node:assert/strict";
import { DataWait } from "../../tasks/_data_wait.ts";

Deno.test("DataWait sets the time waited against the time since the first batch was asked for", () => {
  let now = 5000;
  const wait = new DataWait(() => now);
  deepEqual([wait.percent, wait.seconds], [0, 0]);
  wait.begin();
  now += 1000;
  wait.end();
  equal(wait.percent, 100);
  now += 3000;
  equal(wait.percent, 25);
  wait.begin();
  now += 1000;
  wait.end();
  deepEqual([wait.percent, wait.seconds], [40, 2]);
  equal(wait.describe(), "40.0 % of the time (2.0 s)");
});

Deno.test("DataWait.watch() passes everything on to the source", async () => {
  let isOpen = true;
  const source = {
    load: ({ subject }: { epoch: number; subject: number }): Promise<string> =>
      subject === 0 ? Promise.resolve("sample") : Promise.reject(new Error("none")),
    close: (): void => {
      isOpen = false;
    },
  };
  const wait = new DataWait();
  const watched = wait.watch(source);
  equal(watched.watch, wait);
  equal(await watched.load({ epoch: 0, subject: 0 }), "sample");
  await rejects(watched.load({ epoch: 0, subject: 1 }), { message: "none" });
  watched.close();
  equal(isOpen, false);
});
