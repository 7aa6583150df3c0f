import assert from "node:assert/strict";
import { cerebrumDistance } from "../../../lib/dataset/phantom/anatomy.ts";
import {
  drawLesion,
  growInfarct,
  growTumour,
  STROKE_LABEL,
  TUMOUR_LABELS,
} from "../../../lib/dataset/phantom/lesion.ts";
import { type Tissue, TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { randomStream } from "../../../lib/random.ts";
import { buildHead, type Head, meanWhere, worstFractionSum } from "./_tools.ts";

/** Mean fraction of a tissue where the label has a value. */
function meanFraction({ tissues }: Head, { tissue, label, value }: {
  tissue: Tissue;
  label: Float32Array;
  value: number;
}): number {
  const { voxels, fractions } = tissues, k = TISSUES.indexOf(tissue);
  return meanWhere(
    Float32Array.from(voxels, (_, n) => fractions[n * TISSUES.length + k]),
    (n) => label[voxels[n]] === value,
  );
}

Deno.test("drawLesion() places lesions inside the cerebrum, on both sides", () => {
  const { deformation } = buildHead(1, 32);
  const sides = new Set<number>();
  for (let index = 0; index < 20; index++) {
    const plan = drawLesion(randomStream(1, "lesion", index), { kind: "tumour", deformation });
    const i = deformation.voxelAt(plan.centre);
    assert.ok(cerebrumDistance(deformation.x[i], deformation.y[i], deformation.z[i]) < -4);
    sides.add(Math.sign(plan.centre[0]));
  }
  assert.deepEqual(sides, new Set([-1, 1]));
});

Deno.test("growTumour() labels necrosis, enhancing rim and oedema by what fills the voxels", () => {
  const head = buildHead(2, 40), random = randomStream(2, "lesion");
  const plan = { ...drawLesion(random, { kind: "tumour", deformation: head.deformation }), radiusMm: 18 };
  const label = growTumour(head.tissues, { plan, random });
  assert.ok(worstFractionSum(head.tissues) < 1e-5);
  for (const tissue of ["necrosis", "enhancing", "oedema"] as const) {
    const value = TUMOUR_LABELS[tissue];
    assert.ok(meanFraction(head, { tissue, label, value }) > 0.45, tissue);
    assert.ok(meanFraction(head, { tissue, label, value: 0 }) < 0.02, tissue);
  }
});

Deno.test("growTumour() lays the rim around the necrosis and the oedema outside both", () => {
  const head = buildHead(3, 40), random = randomStream(3, "lesion");
  const plan = drawLesion(random, { kind: "tumour", deformation: head.deformation });
  const label = growTumour(head.tissues, { plan, random });
  const distance = (value: number): number => {
    const distances = Float64Array.from(label, (_, i) =>
      Math.hypot(
        (i % 40 - 19.5) * 4.8 - plan.centre[0],
        (Math.floor(i / 40) % 40 - 19.5) * 4.8 - plan.centre[1],
        (Math.floor(i / 1600) - 19.5) * 4.8 - plan.centre[2],
      ));
    return meanWhere(distances, (i) => label[i] === value);
  };
  const { necrosis, enhancing, oedema } = TUMOUR_LABELS;
  assert.ok(distance(necrosis) < distance(enhancing) && distance(enhancing) < distance(oedema));
});

Deno.test("growInfarct() replaces tissue, not fluid, and labels where it does", () => {
  const head = buildHead(4, 40), random = randomStream(4, "lesion");
  const csf = TISSUES.indexOf("csf"), before = head.tissues.fractions.filter((_, i) => i % TISSUES.length === csf);
  const plan = drawLesion(random, { kind: "stroke", deformation: head.deformation });
  const label = growInfarct(head.tissues, { plan, random });
  assert.deepEqual(head.tissues.fractions.filter((_, i) => i % TISSUES.length === csf), before);
  assert.ok(worstFractionSum(head.tissues) < 1e-5);
  assert.deepEqual(new Set(label), new Set([0, STROKE_LABEL]));
  assert.ok(meanFraction(head, { tissue: "infarct", label, value: STROKE_LABEL }) > 0.6);
});
