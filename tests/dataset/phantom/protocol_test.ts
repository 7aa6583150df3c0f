import assert from "node:assert/strict";
import { drawProtocol, tissueSignals, unweightedDiffusionSignals } from "../../../lib/dataset/phantom/protocol.ts";
import { type Tissue, TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { randomStream } from "../../../lib/random.ts";

type Weighted = Parameters<typeof tissueSignals>[1];

/** Tissues from dark to bright; the step to the next must be at least 2 %. */
const CONTRASTS: readonly [Weighted, readonly Tissue[]][] = [
  ["t1", ["csf", "grey", "white"]],
  ["t1", ["necrosis", "deepGrey", "white"]],
  ["t1c", ["necrosis", "grey", "enhancing"]],
  ["t1c", ["csf", "grey", "white"]],
  ["t2", ["white", "grey", "oedema", "csf"]],
  ["t2", ["pallidum", "deepGrey", "grey", "infarct", "csf"]],
  ["flair", ["csf", "white", "oedema"]],
  ["flair", ["csf", "grey", "infarct"]],
  ["pd", ["white", "grey"]],
  ["t1c", ["dura", "enhancing"]],
  ["mra", ["csf", "grey", "white", "blood"]],
  ["mra", ["veins", "blood"]],
  ["t2", ["dura", "white"]],
  ["flair", ["dura", "white"]],
  ["dwi", ["csf", "white", "infarct"]],
  ["dwi", ["csf", "grey", "infarct"]],
];

for (const [modality, order] of CONTRASTS) {
  Deno.test(`tissueSignals() of ${modality} rises from ${order.join(" to ")} on every scanner`, () => {
    for (let scanner = 0; scanner < 40; scanner++) {
      const signals = tissueSignals(drawProtocol(randomStream(5, "scanner", scanner)), modality);
      for (let k = 1; k < order.length; k++) {
        const low = signals[TISSUES.indexOf(order[k - 1])], high = signals[TISSUES.indexOf(order[k])];
        assert.ok(low * 1.02 < high, `scanner ${scanner}: ${order[k - 1]} ${low}, ${order[k]} ${high}`);
      }
    }
  });
}

Deno.test("unweightedDiffusionSignals() give back the tissue's ADC with the weighted ones", () => {
  const protocol = drawProtocol(randomStream(6, "scanner"));
  const s0 = unweightedDiffusionSignals(protocol), sb = tissueSignals(protocol, "dwi");
  const adc = (tissue: Tissue): number => Math.log(s0[TISSUES.indexOf(tissue)] / sb[TISSUES.indexOf(tissue)]);
  assert.equal(adc("white").toFixed(9), "0.700000000");
  assert.equal(adc("infarct").toFixed(9), "0.400000000");
});

Deno.test("drawProtocol() differs between scanners and uses all T1 sequences and both fields", () => {
  const protocols = Array.from({ length: 30 }, (_, scanner) => drawProtocol(randomStream(7, "scanner", scanner)));
  assert.deepEqual(new Set(protocols.map(({ field }) => field)), new Set([1.5, 3]));
  const kinds = new Set(protocols.map(({ t1 }) => t1.kind));
  assert.deepEqual(kinds, new Set(["spinEcho", "spoiledGradientEcho", "mprage"]));
  assert.equal(new Set(protocols.map(({ t2 }) => t2.te)).size, 30);
});

Deno.test("drawProtocol() repeats the T1-weighted sequence after contrast agent in some examinations only", () => {
  const repeated = Array.from({ length: 200 }, (_, scanner) => {
    const { t1, t1c } = drawProtocol(randomStream(8, "scanner", scanner));
    return Number(t1 === t1c);
  }).reduce((sum, value) => sum + value, 0);
  assert.ok(repeated > 60 && repeated < 100, `${repeated} of 200`);
});

Deno.test("tissueSignals() of t1c brighten vessels, what has no barrier, and a little all tissue with blood in it", () => {
  for (let scanner = 0; scanner < 40; scanner++) {
    const drawn = drawProtocol(randomStream(9, "scanner", scanner)), protocol = { ...drawn, t1c: drawn.t1 };
    const before = tissueSignals(protocol, "t1"), after = tissueSignals(protocol, "t1c");
    const gain = (tissue: Tissue): number => after[TISSUES.indexOf(tissue)] / before[TISSUES.indexOf(tissue)];
    assert.equal(gain("csf"), 1);
    assert.ok(gain("grey") > 1.01 && gain("grey") < 1.25, `grey ${gain("grey")}`);
    assert.ok(gain("white") > 1 && gain("white") < gain("grey"), `white ${gain("white")}`);
    for (const tissue of ["veins", "blood", "dura", "choroidPlexus", "enhancing"] as const) {
      assert.ok(gain(tissue) > gain("grey") + 0.05, `${tissue} ${gain(tissue)}`);
    }
  }
});
