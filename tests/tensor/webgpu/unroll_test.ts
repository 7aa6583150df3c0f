/** Loops written out: what they become, what is refused, and the size of what drivers get. */
import assert from "node:assert/strict";
import { unroll } from "../../../lib/tensor/webgpu/unroll.ts";
import { TILE_SHAPES, tileSource } from "../../../lib/tensor/webgpu/tiles.ts";
import { gpuTest } from "./_gpu.ts";

/** All shaders of the library below a folder, by their paths. */
function shadersIn(folder: URL): [string, string][] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return shadersIn(new URL(`${name}/`, folder));
    const file = new URL(name, folder);
    return name.endsWith(".wgsl") ? [[file.pathname, Deno.readTextFileSync(file)] as [string, string]] : [];
  });
}

/** Without the blanks and line ends that do not matter. */
function compact(source: string): string {
  return source.replaceAll(/\s+/g, " ").trim();
}

Deno.test("unroll() makes a block of every round, with the variable as a constant", () => {
  const source = `
    // unroll
    for (var i = 0u; i < 2u; i++) { y[i] = x.i[i]; } // a comment with a {
    z = 1;`;
  assert.equal(
    compact(unroll(source)),
    "{ const i = 0u; { y[i] = x.i[i]; } } { const i = 1u; { y[i] = x.i[i]; } } z = 1;",
  );
});

Deno.test("unroll() takes constants of the source and steps, and leaves loops without a mark as they are", () => {
  const source = `const ROWS = 6u;
const STEP: u32 = 3u;
// unroll
for (var row = 1u; row < ROWS; row += STEP) { a(row); }
for (var k = 0u; k < 4u; k++) { b(k); }`;
  assert.equal(
    compact(unroll(source)),
    "const ROWS = 6u; const STEP: u32 = 3u; { const row = 1u; { a(row); } } { const row = 4u; { a(row); } } " +
      "for (var k = 0u; k < 4u; k++) { b(k); }",
  );
  const unmarked = "for (var k = 0u; k < 4u; k++) { b(k); } // loop";
  assert.equal(unroll(unmarked), unmarked);
});

Deno.test("unroll() writes out loops within loops", () => {
  const source = `// unroll
for (var i = 0u; i < 2u; i++) {
  // unroll
  for (var j = 0u; j < 2u; j++) { a(i, j); }
}`;
  const inner = "{ const j = 0u; { a(i, j); } } { const j = 1u; { a(i, j); } }";
  assert.equal(compact(unroll(source)), `{ const i = 0u; { ${inner} } } { const i = 1u; { ${inner} } }`);
});

Deno.test("unroll() refuses what it cannot write out", () => {
  const refused = (loop: string): string => {
    try {
      unroll(`// unroll\n${loop}`);
    } catch (error) {
      assert.ok(error instanceof SyntaxError);
      return error.message;
    }
    return "nothing";
  };
  const loop = "for (var i = 0u; i < 8u; i++) {";
  assert.equal(refused("let x = 1;"), `Cannot unroll: expected "${loop}" or alike, got "let x = 1;"`);
  const head = "for (var i = 0u; i < count; i++) {";
  assert.equal(
    refused(`${head} }`),
    `Cannot unroll "${head}": expected an unsigned literal or const, got count`,
  );
  for (const jump of ["break", "continue"]) {
    assert.equal(
      refused(`${loop} if (x) { ${jump}; } }`),
      `Cannot unroll "${loop}": expected a loop that runs to its end, got ${jump}`,
    );
  }
  assert.equal(
    refused(`${loop} i += 1u; }`),
    `Cannot unroll "${loop}": expected a body that leaves i alone, got "i +="`,
  );
  const still = "for (var i = 0u; i < 8u; i += 0u) {";
  assert.equal(refused(`${still} }`), `Cannot unroll "${still}": expected a step of at least 1, got 0`);
  assert.equal(
    refused(`${loop} a(i);`),
    "Cannot unroll: expected a brace that closes the loop, got the end of the source",
  );
});

Deno.test("unroll() writes out the marked loops of every shader, and none becomes long", () => {
  const shaders = shadersIn(new URL("../../../lib/tensor/", import.meta.url));
  assert.ok(shaders.some(([, source]) => source.includes("// unroll")));
  for (const [path, source] of shaders) {
    for (const tile of TILE_SHAPES) {
      const written = unroll(tileSource(tile) + source);
      assert.ok(written.length < 40_000, `${path}: ${written.length} characters`);
      assert.doesNotMatch(written, /unroll/);
    }
  }
});

gpuTest("unroll() means the same as the loop, with names declared again inside", async (backend) => {
  const source = `
@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(1) fn main() {
  var sums: array<u32, 3>;
  // unroll
  for (var i = 0u; i < 3u; i++) {
    sums[i] = 10u * i;
    // unroll
    for (var j = 1u; j < 6u; j += 2u) { let i = j; sums[2u - i / 2u] += i; }
  }
  let i = 1u;
  y[0] = sums[0]; y[i] = sums[1]; y[2] = sums[2];
}`;
  const results: number[][] = [];
  for (const code of [source, unroll(source)]) results.push(await threeValues(backend.device, code));
  assert.deepEqual(results, [[15, 16, 21], [15, 16, 21]]);
});

/** What a shader writes to the first three places of its only array. */
async function threeValues(device: GPUDevice, code: string): Promise<number[]> {
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  const buffer = device.createBuffer({ size: 12, usage });
  const staging = device.createBuffer({ size: 12, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: { buffer } }];
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, 12);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const values = [...new Uint32Array(staging.getMappedRange())];
  for (const part of [buffer, staging]) part.destroy();
  return values;
}
