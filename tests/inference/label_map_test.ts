/** Label maps: every combination of nested, crossing and exclusive regions by hand, and errors. */
import assert from "node:assert/strict";
import { labelMap, type LabelMapOptions, type LabelRegion } from "../../lib/inference/mod.ts";

/** BraTS: tumour core, whole tumour, enhancing tumour. */
const BRATS: readonly LabelRegion[] = [{ labels: [1, 4] }, { labels: [1, 2, 4] }, { labels: [4] }];

/** The label of each row of probabilities, one column per output. */
function labelsOf(
  rows: readonly (readonly number[])[],
  options: Partial<LabelMapOptions> & Pick<LabelMapOptions, "regions">,
): number[] {
  const columns = rows[0].map((_, k) => Float32Array.from(rows, (row) => row[k]));
  return [...labelMap(columns, { output: "sigmoid", ...options })];
}

Deno.test("labelMap() writes nested regions so that they read as they were predicted", () => {
  const rows = [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, 1]];
  const labels = labelsOf(rows, { regions: BRATS });
  assert.deepEqual(labels, [0, 2, 1, 4]);
  rows.forEach((row, i) => {
    assert.deepEqual(BRATS.map((region) => Number(region.labels.includes(labels[i]))), row);
  });
});

Deno.test("labelMap() lets the innermost region win where the outer ones are missing", () => {
  assert.deepEqual(labelsOf([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 0, 0]], { regions: BRATS }), [4, 4, 4, 1]);
});

Deno.test("labelMap() uses the label of a crossing where regions cross", () => {
  const regions = [{ labels: [1, 2] }, { labels: [2, 3] }];
  assert.deepEqual(labelsOf([[1, 0], [0, 1], [1, 1]], { regions }), [1, 3, 2]);
});

Deno.test("labelMap() gives disjoint regions that overlap in the prediction to the last listed", () => {
  const regions = [{ labels: [7, 8] }, { labels: [5, 6] }];
  assert.deepEqual(labelsOf([[1, 0], [1, 1], [0, 1]], { regions }), [7, 5, 5]);
});

Deno.test("labelMap() counts a voxel in above the threshold, not at it", () => {
  const regions = [{ labels: [3] }];
  assert.deepEqual(labelsOf([[0.5], [0.5001]], { regions }), [0, 3]);
  assert.deepEqual(labelsOf([[0.5], [0.2]], { regions, threshold: 0.25 }), [3, 0]);
});

Deno.test("labelMap() takes the most probable class with softmax, background where it is as probable", () => {
  const regions = [{ labels: [2] }, { labels: [5, 6] }];
  const rows = [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.4, 0.4, 0.2], [0, 0, 0]];
  assert.deepEqual(labelsOf(rows, { regions, output: "softmax" }), [0, 2, 5, 0, 0]);
});

Deno.test("labelMap() refuses outputs that are not those of the regions", () => {
  const one = [new Float32Array(1)];
  assert.throws(() => labelMap(one, { regions: BRATS, output: "sigmoid" }), {
    name: "RangeError",
    message: "Cannot make label map: expected 3 outputs for 3 regions (sigmoid), got 1",
  });
  assert.throws(() => labelMap(one, { regions: [{ labels: [1] }], output: "softmax" }), {
    message: "Cannot make label map: expected 2 outputs for 1 regions (softmax), got 1",
  });
  assert.throws(() => labelMap(one, { regions: [{ labels: [] }], output: "sigmoid" }), {
    message: "Cannot make label map: expected at most 16 regions with labels, got one without labels",
  });
  const many = Array.from({ length: 17 }, (_, i) => ({ labels: [i + 1] }));
  assert.throws(() => labelMap(many.map(() => new Float32Array(1)), { regions: many, output: "sigmoid" }), /got 17$/);
});
