import assert from "node:assert/strict";
import {
  generatePhantomSubject,
  type PhantomSource,
  type PhantomSubject,
  SOURCE_MODALITIES,
} from "../../../lib/dataset/phantom/mod.ts";
import { preprocessSubject } from "../../../lib/dataset/preprocess.ts";
import { meanWhere } from "./_tools.ts";

const SUBJECTS = 5, SIZE = 40, CROP = 32;

function generate(source: PhantomSource, index: number): PhantomSubject {
  const lesion = source === "ixi" ? "none" : index % 2 === 0 ? "tumour" : "stroke";
  return generatePhantomSubject({ seed: 11, index, size: SIZE, modalities: SOURCE_MODALITIES[source], lesion });
}

/** PSNR (dB) of every pair of a subject's modalities in the central crop, after the official preprocessing. */
function pairPsnrs({ images }: PhantomSubject): Map<string, number> {
  const scans = images.map(({ modality, volume }) => ({ modality, file: modality, volume }));
  const { channels, modalities, size } = preprocessSubject(scans, {
    spacingMm: null,
    lowerPercentile: 5,
    upperPercentile: 95,
  });
  const cropped = size.map((edge) => Math.min(edge, CROP)), start = size.map((edge, k) => (edge - cropped[k]) >> 1);
  const psnrs = new Map<string, number>();
  channels.forEach((a, i) =>
    channels.forEach((b, j) => {
      let sum = 0;
      for (let z = start[2]; z < start[2] + cropped[2]; z++) {
        for (let y = start[1]; y < start[1] + cropped[1]; y++) {
          for (let x = start[0]; x < start[0] + cropped[0]; x++) {
            const at = (z * size[1] + y) * size[0] + x;
            sum += (a[at] - b[at]) ** 2;
          }
        }
      }
      // What the crop holds beyond the foreground is 0 in both.
      if (i < j) psnrs.set(`${modalities[i]}-${modalities[j]}`, -10 * Math.log10(sum / CROP ** 3));
    })
  );
  return psnrs;
}

/** Mean PSNR (dB) in six real subjects (dwi-adc: three). Means of five phantoms scatter by about 1 dB around their own. */
const REAL: readonly [string, number][] = [
  ["flair-t1", 17.9],
  ["flair-t1c", 17],
  ["flair-t2", 14.1],
  ["t1-t1c", 20.7],
  ["t1-t2", 12.9],
  ["t1c-t2", 13],
  ["dwi-adc", 11.6],
];

Deno.test("generatePhantomSubject() tells modalities apart as real scans do at 4.8 mm", () => {
  const ucsf = Array.from({ length: SUBJECTS }, (_, index) => pairPsnrs(generate("ucsf", index)));
  const ixi = Array.from({ length: SUBJECTS }, (_, index) => pairPsnrs(generate("ixi", index)));
  const mean = (cohort: Map<string, number>[], pair: string): number =>
    cohort.reduce((sum, psnrs) => sum + psnrs.get(pair)! / SUBJECTS, 0);
  for (const [pair, expected] of REAL) {
    const found = mean(ucsf, pair);
    assert.ok(Math.abs(found - expected) < 2.3, `${pair}: ${found} dB, in real scans ${expected}`);
  }
  for (const [cohort, pair] of [[ucsf, "flair-dwi"], [ucsf, "t2-adc"], [ixi, "t1-mra"]] as const) {
    const found = mean(cohort, pair);
    assert.ok(found > 9 && found < 21, `${pair}: ${found} dB`);
  }
  for (const psnrs of ucsf) assert.ok(psnrs.get("t1-t1c")! < 27, `t1-t1c: ${psnrs.get("t1-t1c")} dB`);
});

Deno.test("generatePhantomSubject() shows an angiogram in its slabs only, with bright arteries", () => {
  const { images } = generate("ixi", 1);
  const [t1, mra] = ["t1", "mra"].map((wanted) => images.find(({ modality }) => modality === wanted)!.volume.data);
  const covered = (z: number): number =>
    meanWhere(mra.map((value) => Number(value > 0)), (i) => Math.floor(i / SIZE ** 2) === z && t1[i] > 0);
  // At 4.8 mm plane 15 lies 22 mm below the middle of the cube, plane 32 at 60 mm above it.
  assert.ok(covered(15) > 0.9, `${covered(15)}`);
  assert.equal(covered(32), 0);
  const sorted = mra.filter((value) => value > 0).sort();
  assert.ok(sorted[sorted.length - 1] > 1.5 * sorted[sorted.length >> 1]);
});
