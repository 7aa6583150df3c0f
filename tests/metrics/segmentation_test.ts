/** All scores of a region: recorded values of MONAI, and cases in which a mask is empty. */
import assert from "node:assert/strict";
import type { Triple } from "../../lib/geometry.ts";
import { averageSurfaceDistance, segmentationScores, surfaceDistances } from "../../lib/metrics/mod.ts";
import { boxMask, maskWhere } from "./_masks.ts";

type Ellipsoid = [Triple, Triple];

interface GoldenCase {
  readonly name: string;
  readonly shape_xyz: Triple;
  readonly spacing_xyz: Triple;
  readonly a: Ellipsoid;
  readonly b: Ellipsoid;
  readonly b2?: Ellipsoid;
  readonly monai_1_3: Readonly<Record<string, number>>;
}

const { cases } = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/metrics.json", import.meta.url)),
) as { cases: GoldenCase[] };

function ellipsoids(size: Triple, list: readonly Ellipsoid[]): Uint8Array {
  return maskWhere(size, (voxel) =>
    list.some(([centre, radius]) => {
      const squares = voxel.map((value, axis) => ((value - centre[axis]) / radius[axis]) ** 2);
      return squares[0] + squares[1] + squares[2] <= 1;
    }));
}

assert.equal(cases.length, 5);
for (const { name, shape_xyz: size, spacing_xyz: spacingMm, a, b, b2, monai_1_3: monai } of cases) {
  Deno.test(`segmentationScores() gives the numbers of MONAI 1.3 for "${name}"`, () => {
    const reference = ellipsoids(size, [a]), prediction = ellipsoids(size, b2 === undefined ? [b] : [b, b2]);
    const scores = segmentationScores(prediction, reference, { size, spacingMm, tolerancesMm: [1, 2] });
    const { truePositives, falsePositives, falseNegatives } = scores.voxels;
    const distances = surfaceDistances(prediction, reference, { size, spacingMm });
    const got = {
      voxels_a: truePositives + falseNegatives,
      voxels_b: truePositives + falsePositives,
      dice: scores.dice,
      hausdorff: scores.hausdorffMm,
      hd95: scores.hd95Mm,
      surface_dice_1mm: scores.surfaceDice[0],
      surface_dice_2mm: scores.surfaceDice[1],
      asd_b_to_a: averageSurfaceDistance(distances, { directed: true }),
    };
    assert.deepEqual(Object.keys(got), Object.keys(monai));
    for (const [key, value] of Object.entries(got)) {
      // The recorded values are single precision.
      const allowed = 1e-6 * Math.max(1, Math.abs(monai[key]));
      assert(Math.abs(value - monai[key]) <= allowed, `${key}: ${value}, MONAI ${monai[key]}`);
    }
  });
}

const SIZE: Triple = [6, 5, 4];
const GRID = { size: SIZE, spacingMm: [1, 2, 0.5] } as const;
const SOME = boxMask(SIZE, [1, 1, 1], [2, 2, 2]);
const NONE = new Uint8Array(120);

Deno.test("segmentationScores() measures volumes in ml", () => {
  const larger = boxMask(SIZE, [1, 1, 1], [3, 2, 2]);
  const scores = segmentationScores(larger, SOME, GRID);
  assert.deepEqual([scores.referenceMl, scores.predictionMl], [0.008, 0.012]);
  assert.deepEqual(scores.volumeError, { ml: 0.004, percent: 50 });
  assert.equal(scores.empty, "neither");
  assert.equal(scores.specificity, 108 / 112);
  assert.equal(scores.lesions.f1, 1);
});

Deno.test("segmentationScores() says which mask is empty, so that no such case passes for a perfect one", () => {
  const [both, reference, prediction] = [[NONE, NONE], [SOME, NONE], [NONE, SOME]].map(([a, b]) =>
    segmentationScores(a, b, { ...GRID, tolerancesMm: [1] })
  );
  assert.deepEqual([both.empty, reference.empty, prediction.empty], ["both", "reference", "prediction"]);
  assert.deepEqual([both.officialDice, reference.officialDice, prediction.officialDice], [1, 0, 0]);
  assert.deepEqual([both.dice, reference.dice, prediction.dice], [NaN, NaN, 0]);
  assert.deepEqual([both.hd95Mm, reference.hd95Mm, prediction.hd95Mm], [NaN, Infinity, Infinity]);
  assert.deepEqual([both.surfaceDice, reference.surfaceDice, prediction.surfaceDice], [[NaN], [0], [0]]);
});
