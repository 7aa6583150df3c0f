import assert from "node:assert/strict";
import { decode } from "fast-png";
import { renderScene, SCENE, sceneKey } from "../../site/mod.ts";

const SMALL = { ...SCENE, size: 64, slice: 33, templateSize: 32, templateHeads: 2 };

Deno.test("renderScene() draws head and template in every sequence, in whole blocks about the head", () => {
  const { scene, pictures } = renderScene(SMALL);
  assert.deepEqual(scene.sequences.map(({ modality }) => modality), ["flair", "t1", "t1c", "t2"]);
  assert.deepEqual([scene.width % 8, scene.height % 8, scene.pixelMm], [0, 0, 3]);
  assert.deepEqual(pictures.map(({ file }) => file), [...scene.sequences, ...scene.templates].map(({ file }) => file));
  const decoded = pictures.map(({ png }) => decode(png));
  for (const { width, height, channels } of decoded) {
    assert.deepEqual([width, height, channels], [scene.width, scene.height, 1]);
  }
  // Another contrast each, and a mean of heads that is none of them.
  assert.equal(new Set(decoded.map(({ data }) => data.join())).size, 8);
  const centre = (scene.height / 2) * scene.width + scene.width / 2;
  for (const { data } of decoded) assert(data[centre] > 0);
});

Deno.test("renderScene() gives the same bytes again, and sceneKey() tells scenes apart", () => {
  assert.deepEqual(renderScene(SMALL).pictures, renderScene(SMALL).pictures);
  assert.notEqual(sceneKey(SMALL), sceneKey({ ...SMALL, index: SMALL.index + 1 }));
});
