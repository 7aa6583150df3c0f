/** The compiled module and its instances: one for every thread, all over one memory. */

/** Functions of the module by name; every argument is a number, addresses are bytes. */
export type KernelExports = Readonly<Record<string, (...args: number[]) => number | void>>;

/** Compiles the module of all `kernel.as.ts` files. */
export function compileKernels(): Promise<WebAssembly.Module> {
  return WebAssembly.compileStreaming(fetch(new URL("./kernels.wasm", import.meta.url)));
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
