/** A compute thread: makes its instance of the kernels over the shared memory, then serves jobs until they end. */
import { JobBlock } from "./job.ts";
import { instantiateKernels } from "./kernels.ts";
import { ownerPort } from "./thread.ts";

/** What a worker is sent once. */
export interface PoolWorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of the thread's scratch. */
  readonly scratch: number;
  /** Address of the job block. */
  readonly address: number;
  /** The tile to use. */
  readonly wide: boolean;
}

const owner = ownerPort();
owner.receive((message) => {
  const { module, memory, scratch, address, wide } = message as PoolWorkerStart;
  const kernels = instantiateKernels(module, { memory, scratch });
  kernels.setWideTiles(Number(wide));
  const block = new JobBlock(memory, { address, kernels });
  owner.post("ready");
  block.serve();
  self.close();
});
