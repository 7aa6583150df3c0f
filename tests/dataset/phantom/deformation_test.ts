import assert from "node:assert/strict";
import { Deformation } from "../../../lib/dataset/phantom/deformation.ts";
import { drawMorphometry } from "../../../lib/dataset/phantom/morphometry.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose, moments } from "./_tools.ts";

const UPRIGHT = { ...drawMorphometry(randomStream(1, "head")), rotation: [0, 0, 0], scale: [1, 1, 1] } as const;

/** World coordinate (mm) of voxel i along x of a cube of 33 voxels. */
function world(i: number): number {
  return (i % 33 - 16) * 192 / 33;
}

Deno.test("Deformation displaces by some millimetres, smoothly", () => {
  const displacements: number[] = [];
  for (let seed = 0; seed < 6; seed++) {
    const { x } = new Deformation(randomStream(seed, "deform"), { size: 33, morphometry: UPRIGHT });
    x.forEach((value, i) => {
      displacements.push(value - world(i));
      if (i % 33 > 0) assert.ok(value > x[i - 1], "the map folds over");
    });
  }
  assertClose(moments(displacements).sd, 1.9, 0.5);
});

Deno.test("Deformation divides by the scale of the head and turns it", () => {
  const still = new Deformation(randomStream(2, "deform"), { size: 33, morphometry: UPRIGHT });
  const wide = new Deformation(randomStream(2, "deform"), {
    size: 33,
    morphometry: { ...UPRIGHT, scale: [2, 1, 1], rotation: [0, 0, Math.PI / 2] },
  });
  // A quarter turn about z: template x is minus the subject's y, halved; template y is the subject's x.
  const i = (16 * 33 + 20) * 33 + 10;
  assertClose(wide.x[i] - (still.x[i] - world(10)), -world(20) / 2, 1e-4);
  assertClose(wide.y[i] - (still.y[i] - world(20)), world(10), 1e-4);
  assertClose(wide.z[i], still.z[i], 1e-4);
});

Deno.test("Deformation.toSubject() inverts the map", () => {
  const map = new Deformation(randomStream(3, "deform"), {
    size: 33,
    morphometry: drawMorphometry(randomStream(3, "h")),
  });
  for (const i of [(16 * 33 + 20) * 33 + 10, (10 * 33 + 12) * 33 + 22]) {
    const subject = map.toSubject([map.x[i], map.y[i], map.z[i]]);
    assertClose(subject[0], world(i), 0.6);
    assert.equal(map.voxelAt(subject), i);
  }
});

Deno.test("Deformation.pushAway() conserves the volume of displaced tissue and leaves far tissue alone", () => {
  const before = new Deformation(randomStream(4, "deform"), { size: 33, morphometry: UPRIGHT });
  const after = new Deformation(randomStream(4, "deform"), { size: 33, morphometry: UPRIGHT });
  after.pushAway({ centre: [20, 0, 0], radiusMm: 15, share: 0.4 });
  const pivot = before.voxelAt([20, 0, 0]);
  const distance = ({ x, y, z }: Deformation, i: number): number =>
    Math.hypot(x[i] - before.x[pivot], y[i] - before.y[pivot], z[i] - before.z[pivot]);
  let outside = 0;
  for (let i = 0; i < before.x.length; i++) {
    const r = distance(before, i), origin = distance(after, i);
    if (r > 15.1 && r < 89) {
      outside++;
      assertClose(r ** 3 - origin ** 3, 0.4 * 15 ** 3, 3e-4 * r ** 3);
    } else if (r > 91) assert.equal(after.x[i], before.x[i]);
    else if (r < 14.9) assertClose(origin, r * Math.cbrt(0.6), 1e-3);
  }
  assert.ok(outside > 1000);
});
