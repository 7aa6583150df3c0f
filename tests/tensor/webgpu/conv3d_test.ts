/** The dense convolution at the edges of its tiles, with the kernels for real GPUs and those for emulated ones. */
import assert from "node:assert/strict";
import { OPS, testOps } from "../../../lib/tensor/mod.ts";
import type { OpCase } from "../../../lib/tensor/op.ts";
import { fits, nameOfTile, TILE_SHAPES, UNMEASURED } from "../../../lib/tensor/webgpu/tiles.ts";
import { gpuTest, onlyTile } from "./_gpu.ts";

const CONV3D = OPS.find(({ definition }) => definition.name === "conv3d")!;

interface Sizes {
  readonly x: readonly number[];
  readonly kernel: number;
  readonly outputs: number;
  readonly stride?: number;
  readonly bias?: boolean;
}

function conv3d(title: string, { x, kernel, outputs, stride = 1, bias = true }: Sizes): OpCase {
  return {
    title,
    shapes: { x, weight: [kernel, kernel, kernel, x[4], outputs], ...(bias ? { bias: [outputs] } : {}) },
    attributes: { stride },
    flops: 0,
  };
}

const MORE: readonly OpCase[] = [
  conv3d("vectors of channels, one quad more than a step", { x: [1, 4, 5, 6, 16], kernel: 3, outputs: 20 }),
  conv3d("vectors of channels both ways, two tiles of voxels", { x: [2, 5, 3, 9, 32], kernel: 3, outputs: 16 }),
  conv3d("stride 2, vectors of channels, wide tiles", { x: [2, 7, 5, 6, 32], kernel: 3, outputs: 48, stride: 2 }),
  conv3d("5³, stride 3, two tiles of channels", {
    x: [1, 7, 5, 6, 48],
    kernel: 5,
    outputs: 68,
    stride: 3,
    bias: false,
  }),
  conv3d("1³, stride 2, vectors: voxels that no tap reaches", {
    x: [1, 7, 5, 6, 16],
    kernel: 1,
    outputs: 16,
    stride: 2,
  }),
  conv3d("7³, odd channels, kernel larger than the grid", { x: [1, 3, 2, 9, 7], kernel: 7, outputs: 33 }),
  conv3d("one channel out, many voxels", { x: [1, 9, 13, 17, 8], kernel: 3, outputs: 1 }),
  conv3d("few voxels, sums split along the products", { x: [1, 3, 4, 5, 128], kernel: 3, outputs: 128 }),
  conv3d("stride larger than the kernel", { x: [1, 9, 3, 16, 5], kernel: 3, outputs: 6, stride: 7 }),
];

for (const isSoftware of [false, true]) {
  // The table's cases run with the adapter's own kernels in ops_test.ts.
  for (const opCase of isSoftware ? MORE : [...CONV3D.cases, ...MORE]) {
    const kernels = isSoftware ? "tiles in registers" : "tiles in workgroup memory";
    gpuTest(`conv3d() with ${kernels} equals its reference: ${opCase.title}`, async (backend) => {
      const before = backend.isSoftware;
      Object.assign(backend, { isSoftware });
      try {
        const [report] = await Array.fromAsync(testOps([{ ...CONV3D, cases: [opCase] }]));
        assert.deepEqual(report.failures, []);
        assert.ok(report.outputError <= 1e-5, `output: ${report.outputError}`);
        assert.ok(report.gradientError <= 1e-5, `gradients: ${report.gradientError}`);
      } finally {
        Object.assign(backend, { isSoftware: before });
      }
    });
  }
}

const SHAPED: readonly OpCase[] = [
  conv3d("odd channels, more than a tile", { x: [1, 5, 6, 7, 5], kernel: 3, outputs: 70 }),
  conv3d("vectors of channels, stride 2", { x: [2, 7, 5, 6, 32], kernel: 3, outputs: 48, stride: 2 }),
];

for (const tile of TILE_SHAPES) {
  gpuTest(`conv3d() with tiles of ${nameOfTile(tile)} equals its reference`, async (backend) => {
    if (!fits(tile, backend.device.limits)) return;
    const { isSoftware } = backend;
    Object.assign(backend, { isSoftware: false, tiles: onlyTile(tile) });
    try {
      const [report] = await Array.fromAsync(testOps([{ ...CONV3D, cases: SHAPED }]));
      assert.deepEqual(report.failures, []);
      assert.ok(report.outputError <= 1e-5, `output: ${report.outputError}`);
      assert.ok(report.gradientError <= 1e-5, `gradients: ${report.gradientError}`);
    } finally {
      Object.assign(backend, { isSoftware, tiles: UNMEASURED });
    }
  });
}
