import assert from "node:assert/strict";
import { drawRigidError, echoPlanarShift, misregister } from "../../../lib/dataset/phantom/registration.ts";
import { randomStream } from "../../../lib/random.ts";
import { assertClose, moments } from "./_tools.ts";

// 192 mm over 24 voxels: 8 mm a voxel; the brain is a cube of 16 voxels in the middle.
const SIZE = 24,
  BRAIN = Int32Array.from({ length: SIZE ** 3 }, (_, i) => i).filter((i) => coordinates(i).every(inBrain));
const INSIDE = new Float32Array(SIZE ** 3);
for (const i of BRAIN) INSIDE[i] = 1;
const STILL = { shiftMm: [0, 0, 0], rotation: [0, 0, 0] } as const;

function coordinates(i: number): [number, number, number] {
  return [i % SIZE, Math.floor(i / SIZE) % SIZE, Math.floor(i / SIZE ** 2)];
}

function inBrain(coordinate: number): boolean {
  return coordinate >= 4 && coordinate < 20;
}

/** Misregisters the image whose value is the coordinate along an axis. */
function misregisterRamp(axis: number, options: Partial<Parameters<typeof misregister>[1]>): Float32Array {
  const ramp = Float32Array.from(BRAIN, (i) => coordinates(i)[axis]);
  const tissues = { size: SIZE, voxels: BRAIN };
  return misregister(ramp, { tissues, inside: INSIDE, error: STILL, shiftMm: null, keptShare: 0.5, ...options });
}

Deno.test("drawRigidError() stays within 1 mm and 1° with an SD of about half of that", () => {
  const errors = Array.from({ length: 300 }, (_, scan) => drawRigidError(randomStream(1, "rigid", scan)));
  const shifts = errors.flatMap(({ shiftMm }) => shiftMm), degree = Math.PI / 180;
  const degrees = errors.flatMap(({ rotation }) => rotation.map((angle) => angle / degree));
  for (const values of [shifts, degrees]) {
    assert.ok(values.every((value) => Math.abs(value) <= 1 + 1e-12));
    assertClose(moments(values).sd, 0.48, 0.05);
    assertClose(moments(values).mean, 0, 0.06);
  }
});

Deno.test("misregister() returns the image as it is when nothing is off", () => {
  assert.deepEqual(misregisterRamp(1, {}), Float32Array.from(BRAIN, (i) => coordinates(i)[1]));
});

Deno.test("misregister() shifts by millimetres, against hand values, and dims what slides out of the brain", () => {
  const shifted = misregisterRamp(0, { error: { ...STILL, shiftMm: [2, 0, 0] } });
  shifted.forEach((value, n) => {
    const x = coordinates(BRAIN[n])[0];
    // A quarter of a voxel further on; at the last column a quarter of the value comes from outside.
    assertClose(value, x < 19 ? x + 0.25 : 0.75 * 19, 1e-4);
  });
  const lost = misregisterRamp(0, { error: { ...STILL, shiftMm: [6, 0, 0] } });
  const strict = misregisterRamp(0, { error: { ...STILL, shiftMm: [2, 0, 0] }, keptShare: 0.8 });
  for (const image of [lost, strict]) {
    image.forEach((value, n) => assert.equal(value === 0, coordinates(BRAIN[n])[0] === 19));
  }
});

Deno.test("misregister() rotates about the middle of the cube", () => {
  const turned = misregisterRamp(0, { error: { ...STILL, rotation: [0, 0, 0.02] } });
  turned.forEach((value, n) => {
    const [x, y] = coordinates(BRAIN[n]);
    if (x > 4 && x < 19 && y > 4 && y < 19) assertClose(value, x - 0.02 * (y - 11.5), 1e-4);
  });
});

Deno.test("misregister() displaces every voxel along y by its own distortion", () => {
  const shiftMm = Float32Array.from(BRAIN, (i) => coordinates(i)[2] === 10 ? -4 : 0);
  const distorted = misregisterRamp(1, { shiftMm });
  distorted.forEach((value, n) => {
    const [, y, z] = coordinates(BRAIN[n]);
    if (y > 4) assertClose(value, z === 10 ? y - 0.5 : y, 1e-4);
  });
});

Deno.test("echoPlanarShift() peaks above the frontal sinus and beside the temporal bones", () => {
  const points = [[0, 52, -22], [46, -12, -40], [-46, -12, -40], [0, -60, 30]];
  const [x, y, z] = [0, 1, 2].map((axis) => Float32Array.from(points, (point) => point[axis]));
  const shift = echoPlanarShift({ voxels: Int32Array.of(0, 1, 2, 3) }, { deformation: { x, y, z }, peakMm: -2 });
  assertClose(shift[0], -2, 0.05);
  assertClose(shift[1], -1.6, 0.05);
  assertClose(shift[2], shift[1], 1e-6);
  assertClose(shift[3], 0, 0.01);
});
