import assert from "node:assert/strict";
import { ABLATION_CELL } from "../../lib/report/mod.ts";

const FOLDER = new URL("../../results/ablation/quick/", import.meta.url);
const NAME = "cmr+md-phantom-tumour-seed1.json";

function committed(): Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(new URL(encodeURIComponent(NAME), FOLDER)));
}

Deno.test("ABLATION_CELL takes a committed cell as it is", () => {
  assert.deepEqual(ABLATION_CELL.parse(committed()), committed());
});

Deno.test("ABLATION_CELL refuses what is missing, unknown, of another kind or without a score", () => {
  const { seed: _, ...incomplete } = committed();
  for (const wrong of [incomplete, { ...committed(), more: 1 }, { ...committed(), variant: "md" }]) {
    assert.equal(ABLATION_CELL.safeParse(wrong).success, false);
  }
  const { error } = ABLATION_CELL.safeParse({ ...committed(), metrics: [] });
  assert.deepEqual(error?.issues.map(({ path }) => path), [["metrics"]]);
});
