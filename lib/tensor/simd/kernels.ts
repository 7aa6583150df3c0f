/** The compiled module and its instances: one for every thread, all over one memory. */

/** Functions of the module by name; every argument is a number, addresses are bytes. */
export type KernelExports = Readonly<Record<string, (...args: number[]) => number | void>>;

/** An empty module but for one function that multiplies and adds by relaxed SIMD: valid only where that exists. */
// deno-fmt-ignore
const RELAXED_SIMD_PROBE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, // magic and version
  1, 5, 1, 96, 0, 1, 123, // type: () → v128
  3, 2, 1, 0, // one function of it
  10, 19, 1, 17, 0, // its body
  65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, // three splats of 0
  253, 133, 2, // f32x4.relaxed_madd
  11,
);

/** True where the engine has fused multiply-adds on vectors. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_SIMD_PROBE);
}

/** Compiles the module of all `kernel.as.ts` files; without fused multiply-adds where the engine has none. */
export function compileKernels(
  { relaxed = hasRelaxedSimd() }: { relaxed?: boolean } = {},
): Promise<WebAssembly.Module> {
  const name = relaxed ? "./kernels.wasm" : "./kernels_baseline.wasm";
  return WebAssembly.compileStreaming(fetch(new URL(name, import.meta.url)));
}

/** Makes a thread's instance; `scratch` is the address of its own scratch memory. */
export function instantiateKernels(
  module: WebAssembly.Module,
  { memory, scratch }: { memory: WebAssembly.Memory; scratch: number },
): KernelExports {
  const abort = (): never => {
    throw new Error("Cannot go on: a kernel aborted");
  };
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  const kernels = exports as KernelExports;
  kernels.setThreadScratch(scratch);
  return kernels;
}
