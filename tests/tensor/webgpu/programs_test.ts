import assert from "node:assert/strict";
import { Programs } from "../../../lib/tensor/webgpu/programs.ts";
import { gpuTest } from "./_gpu.ts";

const SOURCE = `
override VALUE: f32 = 0.0;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1) fn main() { y[0] = VALUE; }
`;

gpuTest("Programs compiles a program once per constants and number of arrays", (backend) => {
  const programs = new Programs(backend.device);
  const program = { name: "set", source: SOURCE, constants: { VALUE: 1 } };
  const first = programs.compile(program, { inputs: 0, outputs: 1 });
  assert.equal(programs.compile({ ...program }, { inputs: 0, outputs: 1 }), first);
  assert.equal(programs.size, 1);
  const other = programs.compile({ ...program, constants: { VALUE: 2 } }, { inputs: 0, outputs: 1 });
  assert.notEqual(other, first);
  assert.equal(other.layout, first.layout);
  assert.equal(programs.size, 2);
  return Promise.resolve();
});
