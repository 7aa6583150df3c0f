import { deepEqual, equal, rejects } from "node:assert/strict";
import { preparedStores } from "../../lib/host/prepared_store.ts";
import { withFolder } from "./_prepared.ts";

Deno.test("preparedStores() reads files and parts of them, and tells those that are not there", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/subjects/a%2Fb/image`, { recursive: true });
    await Deno.writeFile(`${folder}/subjects/a%2Fb/image/c`, Uint8Array.from([1, 2, 3, 4, 5]));
    using store = preparedStores(folder)("a/b");
    equal(store.name, `${folder}/subjects/a%2Fb`);
    deepEqual(await store.get("/image/c"), Uint8Array.from([1, 2, 3, 4, 5]));
    deepEqual(await store.getRange("/image/c", { offset: 1, length: 3 }), Uint8Array.from([2, 3, 4]));
    deepEqual(await store.getRange("/image/c", { suffixLength: 2 }), Uint8Array.from([4, 5]));
    deepEqual(await store.getRange("/image/c", { offset: 0, length: 1 }), Uint8Array.from([1]));
    equal(await store.get("/zarr.json"), undefined);
    equal(await store.getRange("/label/c", { suffixLength: 2 }), undefined);
    await rejects(store.getRange("/image/c", { offset: 3, length: 9 }), {
      message: "expected 9 bytes from byte 3 of /image/c, got 2",
    });
    await rejects(store.getRange("/image/c", { suffixLength: 6 }), {
      message: "expected at least 6 bytes in /image/c, got fewer",
    });
  }));
