/** A thread whose only kernel fails: it serves a job block and then closes. */
import { JobBlock } from "../../../lib/tensor/simd/job.ts";

self.onmessage = ({ data }: MessageEvent<{ memory: WebAssembly.Memory; address: number }>): void => {
  const fail = (begin: number): never => {
    throw new RangeError(`no unit ${begin} here`);
  };
  const block = new JobBlock(data.memory, { address: data.address, kernels: { work: fail } });
  self.postMessage("ready");
  block.serve();
  self.close();
};
