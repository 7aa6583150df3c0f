import assert from "node:assert/strict";
import { UNMEASURED } from "../../../lib/tensor/webgpu/tiles.ts";
import { adapterNameOf, tunedTilesOf, withTunedTiles } from "../../../lib/tensor/webgpu/tuned_tiles.ts";
import type { TunedTiles } from "../../../lib/tensor/webgpu/tuned_tiles.ts";

const INFO = { vendor: "v", architecture: "a", device: "d", description: "driver 1" } as GPUAdapterInfo;

function tuned(info: GPUAdapterInfo, date: string): TunedTiles {
  return { ...UNMEASURED, adapter: adapterNameOf(info), date };
}

Deno.test("adapterNameOf() holds what the adapter says, and the runtime", () => {
  const { runtime, ...others } = adapterNameOf(INFO);
  assert.deepEqual(others, { ...INFO });
  assert.match(runtime, /^Deno\/\d/);
});

Deno.test("tunedTilesOf() takes measurements of the same adapter, driver and runtime only", () => {
  const own = tuned(INFO, "2026-01-01 10:00");
  assert.equal(tunedTilesOf(adapterNameOf(INFO), [own]), own);
  for (const key of ["vendor", "architecture", "device", "description"]) {
    assert.equal(tunedTilesOf(adapterNameOf({ ...INFO, [key]: "other" }), [own]), undefined, key);
  }
  assert.equal(tunedTilesOf({ ...adapterNameOf(INFO), runtime: "Deno/1.0.0" }, [own]), undefined);
});

Deno.test("withTunedTiles() replaces an adapter's measurements and keeps those of others", () => {
  const other = tuned({ ...INFO, device: "e" }, "2026-01-01 10:00");
  const later = tuned(INFO, "2026-01-02 10:00");
  assert.deepEqual(withTunedTiles([tuned(INFO, "2026-01-01 10:00"), other], later), [other, later]);
});
