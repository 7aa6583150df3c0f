/** UNET3D for segmentation against PyTorch. */
import { selectBackend } from "../../lib/tensor/mod.ts";
import { findPython } from "../_torch.ts";
import { compareWithTorch } from "./_unet3d_torch.ts";

const python = await findPython();
const missing = python === undefined ? " (ignored: no python3 with torch here)" : "";

Deno.test({
  name: `unet3d with skips has PyTorch's outputs and gradients${missing}`,
  ignore: python === undefined,
  fn: async () => {
    await selectBackend("simd");
    await compareWithTorch(python!);
  },
});
