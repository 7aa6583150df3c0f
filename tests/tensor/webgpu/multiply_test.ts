/** Matrix products on the device, both kinds of tiles, against plain loops. */
import assert from "node:assert/strict";
import { randomStream } from "../../../lib/random.ts";
import { takeValues, tf } from "../../../lib/tensor/mod.ts";
import type { Tensor } from "../../../lib/tensor/mod.ts";
import { multiply } from "../../../lib/tensor/webgpu/multiply.ts";
import type { ProductSizes } from "../../../lib/tensor/webgpu/multiply.ts";
import type { GpuBackend } from "../../../lib/tensor/webgpu/backend.ts";
import { relativeError } from "../_ops.ts";
import { fits, nameOfTile, TILE_SHAPES, UNMEASURED } from "../../../lib/tensor/webgpu/tiles.ts";
import type { AdapterTiles } from "../../../lib/tensor/webgpu/tiles.ts";
import { gpuTest, onlyTile } from "./_gpu.ts";

interface Product extends ProductSizes {
  readonly title: string;
  readonly batches: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly bias?: boolean;
}

const PRODUCTS: readonly Product[] = [
  { title: "one value", m: 1, n: 1, k: 1, batches: 1 },
  { title: "odd sizes with a bias", m: 13, n: 7, k: 21, batches: 1, bias: true },
  { title: "more than a tile each way", m: 131, n: 67, k: 33, batches: 1, bias: true },
  { title: "A transposed, split along k", m: 9, n: 5, k: 1100, batches: 1, transposeA: true },
  { title: "B transposed", m: 20, n: 70, k: 19, batches: 1, transposeB: true },
  { title: "a batch, split along k", m: 6, n: 10, k: 700, batches: 3, transposeB: true },
  { title: "whole quads, more than a tile", m: 132, n: 68, k: 36, batches: 1, bias: true },
  { title: "whole quads, A transposed, split along k", m: 140, n: 72, k: 1044, batches: 2, transposeA: true },
  { title: "whole quads, B transposed, a batch", m: 8, n: 76, k: 20, batches: 3, transposeB: true },
  { title: "whole quads, both transposed", m: 16, n: 8, k: 24, batches: 1, transposeA: true, transposeB: true },
];

function random(name: string, length: number): Float32Array {
  const stream = randomStream(1, name);
  return Float32Array.from({ length }, () => stream.normal());
}

function expected({ m, n, k, batches, transposeA, transposeB, bias }: Product): Float32Array {
  const a = random("a", batches * m * k), b = random("b", batches * k * n), c = random("bias", n);
  const result = new Float32Array(batches * m * n);
  for (let at = 0; at < result.length; at++) {
    const [batch, i, j] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    let sum = bias ? c[j] : 0;
    for (let p = 0; p < k; p++) {
      const left = a[batch * m * k + (transposeA ? p * m + i : i * k + p)];
      sum += left * b[batch * k * n + (transposeB ? j * k + p : p * n + j)];
    }
    result[at] = sum;
  }
  return result;
}

async function computed(
  backend: GpuBackend,
  product: Product,
  { isSoftware = false, tiles = UNMEASURED }: { isSoftware?: boolean; tiles?: AdapterTiles },
): Promise<Float32Array> {
  const { m, n, k, batches, transposeA, transposeB, bias } = product;
  const inputs = {
    a: tf.tensor1d(random("a", batches * m * k)),
    b: tf.tensor1d(random("b", batches * k * n)),
    bias: tf.tensor1d(random("bias", n)),
  };
  const [info] = backend.runKernel(inputs, (arrays, runtime) => {
    const c = runtime.output([batches, m, n]);
    const a = { array: arrays.a, row: transposeA ? 1 : k, column: transposeA ? m : 1, batch: m * k };
    const b = { array: arrays.b, row: transposeB ? 1 : n, column: transposeB ? k : 1, batch: k * n };
    multiply({ a, b, c, bias: bias ? arrays.bias : undefined }, product, { ...runtime, isSoftware, tiles });
    return [c];
  });
  tf.dispose(inputs);
  return await takeValues(tf.engine().makeTensorFromTensorInfo(info) as Tensor);
}

for (const product of PRODUCTS) {
  for (const isSoftware of [true, false]) {
    const tiles = isSoftware ? "registers" : "workgroup memory";
    gpuTest(`multiply() with tiles in ${tiles} equals plain loops: ${product.title}`, async (backend) => {
      const { error, text } = relativeError(await computed(backend, product, { isSoftware }), expected(product));
      assert.ok(error <= 1e-5, text);
    });
  }
}

const SHAPED: readonly Product[] = [
  { title: "odd sizes", m: 131, n: 67, k: 33, batches: 1 },
  { title: "whole quads, A transposed, split along k", m: 140, n: 132, k: 1044, batches: 1, transposeA: true },
  { title: "whole quads, B transposed, a batch", m: 8, n: 76, k: 20, batches: 3, transposeB: true },
];

for (const tile of TILE_SHAPES) {
  gpuTest(`multiply() with tiles of ${nameOfTile(tile)} equals plain loops, twice bit by bit`, async (backend) => {
    if (!fits(tile, backend.device.limits)) return;
    for (const product of SHAPED) {
      const values = await computed(backend, product, { tiles: onlyTile(tile) });
      const { error, text } = relativeError(values, expected(product));
      assert.ok(error <= 1e-5, `${product.title}: ${text}`);
      assert.deepEqual(await computed(backend, product, { tiles: onlyTile(tile) }), values);
    }
  });
}
