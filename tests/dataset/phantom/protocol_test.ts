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
  ["mra", ["csf", "grey", "white", "blood"]],
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

Deno.test("drawProtocol() differs between scanners and uses both T1 sequences and both fields", () => {
  const protocols = Array.from({ length: 30 }, (_, scanner) => drawProtocol(randomStream(7, "scanner", scanner)));
  assert.deepEqual(new Set(protocols.map(({ field }) => field)), new Set([1.5, 3]));
  assert.deepEqual(new Set(protocols.map(({ mprage }) => mprage === null)), new Set([true, false]));
  assert.equal(new Set(protocols.map(({ t2 }) => t2.te)).size, 30);
});
