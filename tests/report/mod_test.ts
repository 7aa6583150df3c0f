import assert from "node:assert/strict";
import * as report from "../../lib/report/mod.ts";

Deno.test("lib/report exports exactly its public names", () => {
  assert.deepEqual(Object.keys(report).sort(), [
    "ABLATION_CELL",
    "ABLATION_VARIANTS",
    "SliceTable",
    "VARIANT_TITLES",
    "WHITE_ERROR",
    "ablationChart",
    "encodeGreyPng",
    "enlarge",
    "evenSlices",
    "exampleFigure",
    "formatAblationPairs",
    "formatAblationTable",
    "formatPairTable",
    "formatTable",
    "judge",
    "labelEfficiencyChart",
    "lossChart",
    "meanScore",
    "missingModalityChart",
    "montagePng",
    "plural",
    "pngDataUri",
    "psnrChart",
    "renderReport",
    "richestSlice",
    "scoreTitle",
    "standaloneSvg",
    "summarizeAblation",
    "takeSlice",
    "templateChangeChart",
    "templateMontage",
  ]);
});
