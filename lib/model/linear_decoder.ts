/** The pre-training decoder of UniFormer: linear, without skips, so that the encoder must hold everything. */
import type { Tensor, Tensor5D } from "../tensor/mod.ts";
import { pointwiseConv, upConv } from "./layers.ts";
import type { Layer } from "./layers.ts";
import type { Scope } from "./parameters.ts";

/**
 * Four transposed 2³ convolutions and a 1×1×1 convolution to one channel, under the official names.
 *
 * Shapes: `[B, d, h, w, embedDims[3]]` → `[B, 16d, 16h, 16w, 1]`.
 */
export function buildLinearDecoder(scope: Scope, embedDims: readonly [number, number, number, number]): Layer {
  const [c1, c2, c3, c4] = embedDims;
  const steps: readonly (readonly [string, number, number])[] = [
    ["decoder5", c4, c3],
    ["decoder4", c3, c2],
    ["decoder3", c2, c1],
    ["decoder2", c1, c1],
  ];
  const ups = steps.map(([name, inputs, outputs]) =>
    upConv(scope.child(name).child("transp_conv").child("conv"), { inputs, outputs })
  );
  const out = pointwiseConv(scope.child("out_1").child("conv").child("conv"), { inputs: c1, outputs: 1 });
  return (x, mode) => {
    let h: Tensor = x;
    for (const up of ups) h = up(h, mode);
    return out(h, mode) as Tensor5D;
  };
}
