import assert from "node:assert/strict";
import { decode } from "fast-png";
import { exampleFigure, type FigureCell, templateMontage } from "../../lib/report/mod.ts";
import { example } from "./_fixtures.ts";

/** One pixel of each voxel of a cell, given how many voxels wide it is. */
function voxels(cell: FigureCell, columns: number): number[][] {
  const bytes = Uint8Array.from(atob(cell.uri.slice("data:image/png;base64,".length)), (char) => char.charCodeAt(0));
  const { data, width, height } = decode(bytes);
  assert.deepEqual([cell.width, cell.height], [width, height]);
  const scale = width / columns;
  return Array.from(
    { length: height / scale },
    (_, row) => Array.from({ length: columns }, (_, column) => data[row * scale * width + column * scale]),
  );
}

Deno.test("exampleFigure() shows mosaic, reconstruction, truth and error side by side, one row per plane", () => {
  const figure = exampleFigure(example());
  assert.deepEqual(figure.columns, ["Mosaic", "Reconstruction", "Truth", "Error"]);
  assert.deepEqual(figure.rows.map((row) => row.label), [
    "Axial z\u00a0=\u00a01",
    "Coronal y\u00a0=\u00a01",
    "Sagittal x\u00a0=\u00a02",
  ]);
  const [mosaic, reconstruction, truth, error] = figure.rows[0].cells;
  assert.equal(truth.alt, "Truth, axial slice z = 1");
  assert.deepEqual(voxels(mosaic, 3), [[51, 51, 51], [51, 51, 51]]);
  assert.deepEqual(voxels(reconstruction, 3), [[102, 102, 102], [102, 102, 102]]);
  // Voxels 6…11 with x and y descending: 255 · i/16, and 1.
  assert.deepEqual(voxels(truth, 3), [[255, 159, 143], [128, 112, 96]]);
  // An error of 0.5 or more is white: 255 · |0.4 − truth| / 0.5.
  assert.deepEqual(voxels(error, 3), [[255, 115, 83], [51, 19, 13]]);
});

Deno.test("exampleFigure() names the example whose voxels do not fill the crop", () => {
  assert.throws(() => exampleFigure(example({ truth: new Float32Array(5) })), {
    name: "TypeError",
    message: "Cannot draw example of s1 (t1 from t2): expected a truth of 12 voxels, got 5",
  });
});

Deno.test("templateMontage() shows one row per modality in three planes", () => {
  const data = Float32Array.from({ length: 24 }, (_, i) => i / 255);
  const table = templateMontage([
    { modality: "t1", size: [2, 3, 4], data },
    { modality: "flair", size: [1, 1, 1], data: Float32Array.of(1) },
  ]);
  const nbsp = "\u00a0";
  assert.deepEqual(table.columns, [
    `Axial 35${nbsp}%`,
    `Axial 50${nbsp}%`,
    `Axial 65${nbsp}%`,
    `Coronal 50${nbsp}%`,
    `Sagittal 50${nbsp}%`,
  ]);
  assert.deepEqual(table.rows.map((row) => row.label), ["t1", "flair"]);
  assert.deepEqual(table.rows[0].cells.map((cell) => cell.alt.replace("Learned template of t1, ", "")), [
    "axial slice z = 1",
    "axial slice z = 2",
    "axial slice z = 2",
    "coronal slice y = 1",
    "sagittal slice x = 1",
  ]);
  assert.deepEqual(voxels(table.rows[0].cells[0], 2), [[11, 10], [9, 8], [7, 6]]);
});
