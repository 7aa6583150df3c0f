/** The functions of kernels.wasm, by name; see the `.as.ts` files for what they do. Addresses are bytes. */
export interface Kernels {
  gemmScratchBytes(): number;
  gemm(
    a: number,
    aRow: number,
    aColumn: number,
    b: number,
    bRow: number,
    bColumn: number,
    c: number,
    cRow: number,
    m: number,
    n: number,
    k: number,
    accumulate: number,
    scratch: number,
  ): void;
  depthwiseForward(
    x: number,
    weight: number,
    bias: number,
    y: number,
    depth: number,
    height: number,
    width: number,
    channels: number,
    kernel: number,
    begin: number,
    end: number,
  ): void;
  depthwiseWeightGradient(
    x: number,
    dy: number,
    dWeight: number,
    rows: number,
    depth: number,
    height: number,
    width: number,
    channels: number,
    kernel: number,
    begin: number,
    end: number,
  ): void;
  adamw(
    parameter: number,
    gradient: number,
    firstMoment: number,
    secondMoment: number,
    value: number,
    first: number,
    second: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    keep: number,
    stepSize: number,
    rootCorrection: number,
    begin: number,
    end: number,
  ): void;
  fillRows(bias: number, y: number, m: number, n: number): void;
  foldBlocks(
    fine: number,
    folded: number,
    height: number,
    width: number,
    channels: number,
    fold: number,
    begin: number,
    end: number,
  ): void;
  geluForward(x: number, y: number, begin: number, end: number): void;
  geluGradient(x: number, dy: number, dx: number, begin: number, end: number): void;
}

/** Compiles the module over a memory. */
export async function loadKernels(memory: WebAssembly.Memory): Promise<Kernels> {
  const module = await WebAssembly.compileStreaming(fetch(new URL("./kernels.wasm", import.meta.url)));
  const imports = {
    env: {
      memory,
      abort: () => {
        throw new Error("Cannot go on: a kernel aborted");
      },
    },
  };
  return (await WebAssembly.instantiate(module, imports)).exports as unknown as Kernels;
}
