import assert from "node:assert/strict";
import { MAX_PARAMETERS, ParameterBlock } from "../../../lib/tensor/webgpu/parameters.ts";
import { gpuTest } from "./_gpu.ts";

gpuTest(
  "ParameterBlock gives every call a slot of its own until it is full, and starts again after a flush",
  (backend) => {
    const block = new ParameterBlock(backend.device);
    assert.equal(block.add([1, 2], [0.5]), 0);
    assert.equal(block.add([3], []), block.slotBytes);
    let calls = 2;
    while (!block.isFull) {
      block.add([], []);
      calls++;
    }
    assert.equal(calls * block.slotBytes, block.buffer.size);
    block.flush();
    assert.equal(block.isFull, false);
    assert.equal(block.add([4], []), 0);
    block.buffer.destroy();
    return Promise.resolve();
  },
);

gpuTest("ParameterBlock throws when a call passes more than a slot holds", (backend) => {
  const block = new ParameterBlock(backend.device);
  const tooMany = Array<number>(MAX_PARAMETERS).fill(0);
  assert.throws(() => block.add(tooMany, [1]), {
    name: "RangeError",
    message: `Cannot pass parameters: expected at most ${MAX_PARAMETERS}, got ${MAX_PARAMETERS + 1}`,
  });
  block.buffer.destroy();
  return Promise.resolve();
});
