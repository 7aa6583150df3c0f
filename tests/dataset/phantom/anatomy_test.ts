import assert from "node:assert/strict";
import { Anatomy, brainDistance, cerebrumDistance, ventricleDistance } from "../../../lib/dataset/phantom/anatomy.ts";
import { FoldingPattern } from "../../../lib/dataset/phantom/folding.ts";
import { drawMorphometry } from "../../../lib/dataset/phantom/morphometry.ts";
import { type Tissue, TISSUES } from "../../../lib/dataset/phantom/tissues.ts";
import { randomStream } from "../../../lib/random.ts";

const HEAD = { ...drawMorphometry(randomStream(1, "head")), atrophy: 0.1, ventricleScale: 1 };
const FOLDS = new FoldingPattern(randomStream(1, "folds"), HEAD.foldWavelengthMm);

function fractionsAt(x: number, y: number, z: number, voxelMm = 1): Record<Tissue, number> {
  const anatomy = new Anatomy(HEAD, { folds: FOLDS, voxelMm });
  anatomy.sample(x, y, z);
  return Object.fromEntries(TISSUES.map((tissue, k) => [tissue, anatomy.fractions[k]])) as Record<Tissue, number>;
}

Deno.test("brainDistance() measures an adult brain: 160 mm long, 130 mm wide, 130 mm high", () => {
  const extent = (direction: [number, number, number]): number => {
    let mm = 0;
    while (brainDistance(direction[0] * mm, direction[1] * mm, direction[2] * mm) < 0) mm++;
    return mm;
  };
  const length = extent([0, 1, 0]) + extent([0, -1, 0]), width = extent([1, 0, 0]) + extent([-1, 0, 0]);
  assert.ok(length > 150 && length < 170, `${length}`);
  assert.ok(width > 122 && width < 142, `${width}`);
  assert.ok(extent([0, 0, 1]) > 60 && brainDistance(0, -32, -70) < 0, "the medulla reaches down");
});

Deno.test("cerebrumDistance() and ventricleDistance() are symmetric", () => {
  assert.equal(cerebrumDistance(30, 10, 5), cerebrumDistance(-30, 10, 5));
  assert.equal(ventricleDistance(9, 12, 13, 1), ventricleDistance(-9, 12, 13, 1));
});

const LANDMARKS: readonly [string, [number, number, number], Tissue][] = [
  ["the lateral ventricle", [8, 12, 14], "csf"],
  ["the third ventricle", [0, -10, 1], "csf"],
  ["the fourth ventricle", [0, -38, -34], "csf"],
  ["the thalamus", [11, -14, 6], "deepGrey"],
  ["the putamen of the left", [-26, 3, 2], "deepGrey"],
  ["the pallidum", [19.5, -1, 0], "pallidum"],
  ["the caudate head", [14, 17, 5], "deepGrey"],
  ["the centrum semiovale", [26, -5, 30], "white"],
  ["the corpus callosum", [0, -4, 27], "white"],
  ["the interhemispheric fissure", [0, 40, 36], "csf"],
];
for (const [name, point, tissue] of LANDMARKS) {
  Deno.test(`Anatomy.sample() finds ${tissue} in ${name}`, () => {
    const fractions = fractionsAt(...point);
    assert.ok(fractions[tissue] > 0.6, JSON.stringify(fractions));
  });
}

Deno.test("Anatomy.sample() lines the surface of the cerebrum with cortex below a film of CSF", () => {
  let grey = 0, white = 0, fluid = 0;
  for (let angle = 0; angle < 60; angle++) {
    const outward = [Math.cos(angle / 30 * Math.PI), Math.sin(angle / 30 * Math.PI)];
    let mm = 40;
    while (cerebrumDistance(outward[0] * mm, outward[1] * mm, 30) < 0) mm += 0.25;
    fluid += fractionsAt(outward[0] * mm, outward[1] * mm, 30).csf / 60;
    const fractions = fractionsAt(outward[0] * (mm - 2.2), outward[1] * (mm - 2.2), 30);
    grey += fractions.grey / 60;
    white += fractions.white / 60;
  }
  assert.ok(fluid > 0.7 && grey > 0.5 && white < 0.1, `csf ${fluid}, grey ${grey}, white ${white}`);
});

Deno.test("Anatomy.sample() gives a large voxel the mean of the small ones in it", () => {
  const coarse = fractionsAt(8, 12, 18.5, 4);
  let fine = 0;
  for (let k = 0; k < 16; k++) fine += fractionsAt(8, 12, 16.5 + (k + 0.5) / 4, 0.25).csf / 16;
  assert.ok(coarse.csf > 0.1 && coarse.csf < 0.9);
  assert.ok(Math.abs(coarse.csf - fine) < 0.1, `${coarse.csf} against ${fine}`);
});
