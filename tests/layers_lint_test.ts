/// <reference lib="deno.unstable" />
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import plugin from "../tasks/_layers_lint.ts";

const ROOT = new URL("../", import.meta.url);
const CHECKED = ["lib", "tasks", "recipes"];

/** Lints a source as if it were at a path of the project; `id: message` each. */
function lint(path: string, source: string): string[] {
  const diagnostics = Deno.lint.runPlugin(plugin, fileURLToPath(new URL(path, ROOT)), source);
  return diagnostics.map(({ id, message }) => `${id}: ${message}`);
}

/** Paths of all TypeScript files of a folder, from the root. */
function sourcesUnder(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return sourcesUnder(path);
    return /(?<!\.as)\.tsx?$/.test(name) ? [path] : [];
  });
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

const ALLOWED: readonly [path: string, source: string][] = [
  ["lib/config.ts", `import { ConfigError } from "./errors.ts";`],
  ["lib/config.ts", `import { x } from "./_option_schema.ts";`],
  [
    "lib/tensor/ops/gelu/mod.ts",
    `import { gemm } from "../_gemm.ts"; import "../../tf.ts"; import "../../../errors.ts";`,
  ],
  ["lib/model/unet.ts", `import { tf } from "../tensor/mod.ts";`],
  ["lib/losses/x.ts", `import type { Mask } from "../masking/mod.ts"; import { type A } from "../model/mod.ts";`],
  ["lib/losses/x.ts", `export type { Mask } from "../masking/mod.ts"; export { type B } from "../model/mod.ts";`],
  ["lib/trainer/trainer.ts", `import { dice } from "../losses/mod.ts"; import "../tensor/mod.ts";`],
  ["lib/host/pool.ts", `import { LocalSource } from "../dataset/mod.ts"; Deno.cwd(); performance.now();`],
  ["tasks/x.ts", `import "../lib/host/mod.ts"; import "../recipes/paper.ts"; Deno.args; console.log(Date.now());`],
  ["tests/x_test.ts", `import "../lib/dataset/_round.ts"; import "@tensorflow/tfjs-core"; Deno.cwd();`],
  ["bench/x_bench.ts", `import "../lib/tensor/ops/gelu/cases.ts"; import "../lib/host/files.ts";`],
  ["lib/tensor/tf.ts", `import * as tf from "@tensorflow/tfjs-core";`],
  ["lib/report/x.ts", `import { render } from "preact"; new Date(0); const label = "console.log";`],
  ["tasks/x.ts", `import "../lib/dataset/phantom/mod.ts";`],
];

for (const [path, source] of ALLOWED) {
  Deno.test(`the layers plugin accepts in ${path}: ${source}`, () => assert.deepEqual(lint(path, source), []));
}

const REFUSED: readonly [path: string, source: string, problem: string][] = [
  [
    "lib/geometry.ts",
    `import { tf } from "./tensor/mod.ts";`,
    "layers/direction: Cannot import lib/tensor/mod.ts into lib/geometry.ts: expected imports to go down, got leaf → tensor",
  ],
  [
    "lib/tensor/op.ts",
    `export * from "../model/mod.ts";`,
    "layers/direction: Cannot import lib/model/mod.ts into lib/tensor/op.ts: expected imports to go down, got tensor → model",
  ],
  [
    "lib/losses/x.ts",
    `import { mask, type Mask } from "../masking/mod.ts";`,
    "layers/direction: Cannot import lib/masking/mod.ts into lib/losses/x.ts: expected imports to go down, got losses → masking",
  ],
  [
    "lib/model/x.ts",
    `export { train } from "../trainer/mod.ts";`,
    "layers/direction: Cannot import lib/trainer/mod.ts into lib/model/x.ts: expected imports to go down, got model → trainer",
  ],
  [
    "lib/model/x.ts",
    `import type { Train } from "../trainer/mod.ts";`,
    "layers/direction: Cannot import lib/trainer/mod.ts into lib/model/x.ts: expected imports to go down, got model → trainer",
  ],
  [
    "lib/trainer/x.ts",
    `await import("../host/mod.ts");`,
    "layers/direction: Cannot import lib/host/mod.ts into lib/trainer/x.ts: expected imports to go down, got trainer → host",
  ],
  [
    "mod.ts",
    `export { readFile } from "./lib/host/mod.ts";`,
    "layers/direction: Cannot import lib/host/mod.ts into mod.ts: expected imports to go down, got mod.ts → host",
  ],
  [
    "lib/host/x.ts",
    `import "../../tasks/pretrain.ts";`,
    "layers/direction: Cannot import tasks/pretrain.ts into lib/host/x.ts: expected imports to go down, got host → tasks",
  ],
  [
    "lib/model/x.ts",
    `import { tf } from "../tensor/tf.ts";`,
    "layers/face: Cannot import lib/tensor/tf.ts into lib/model/x.ts: expected the folder's mod.ts",
  ],
  [
    "lib/model/x.ts",
    `import type { A } from "../_option_schema.ts";`,
    "layers/face: Cannot import lib/_option_schema.ts into lib/model/x.ts: expected the folder's mod.ts",
  ],
  [
    "tasks/x.ts",
    `import { readFile } from "../lib/host/files.ts";`,
    "layers/face: Cannot import lib/host/files.ts into tasks/x.ts: expected the folder's mod.ts",
  ],
  [
    "lib/tensor/backend.ts",
    `import "@tensorflow/tfjs-backend-cpu";`,
    "layers/tfjs: Cannot import @tensorflow/tfjs-backend-cpu into lib/tensor/backend.ts: expected lib/tensor/tf.ts to be its one importer",
  ],
  [
    "lib/dataset/x.ts",
    `Deno.cwd();`,
    "layers/deno-global: Cannot use Deno here: expected it in lib/host/ and tasks/ only",
  ],
  [
    "site/routes/index.tsx",
    `Deno.readTextFileSync("x");`,
    "layers/deno-global: Cannot use Deno here: expected it in lib/host/ and tasks/ only",
  ],
  [
    "recipes/paper.ts",
    `globalThis.Deno;`,
    "layers/deno-global: Cannot use Deno here: expected it in lib/host/ and tasks/ only",
  ],
  [
    "lib/host/x.ts",
    `console.warn("x");`,
    "layers/console: Cannot use console in lib/: expected values to be returned and tasks to print",
  ],
  [
    "lib/masking/x.ts",
    `const clock = Date.now;`,
    "layers/clock: Cannot use Date.now in lib/: expected it to be handed in",
  ],
  [
    "lib/random.ts",
    `Math.random();`,
    "layers/clock: Cannot use Math.random in lib/: expected it to be handed in",
  ],
  [
    "lib/trainer/x.ts",
    `performance.now();`,
    "layers/clock: Cannot use performance.now in lib/: expected it to be handed in",
  ],
  [
    "lib/trainer/x.ts",
    `new Date();`,
    "layers/clock: Cannot use new Date() in lib/: expected it to be handed in",
  ],
];

for (const [path, source, problem] of REFUSED) {
  Deno.test(`the layers plugin refuses in ${path}: ${source}`, () => assert.deepEqual(lint(path, source), [problem]));
}

Deno.test("the layers plugin finds nothing in the project's own files", () => {
  const files = CHECKED.flatMap(sourcesUnder);
  assert(files.length > 20);
  assert.deepEqual(files.flatMap((path) => lint(path, read(path)).map((problem) => `${path}: ${problem}`)), []);
});

/** Specifiers of relative imports and re-exports that remain at run time. */
function valueImports(source: string): string[] {
  const statements = source.matchAll(/^(?:import|export)\s(?!type\b)[^;"']*?(?:from\s*)?["'](\.[^"']+)["']/gm);
  return [...statements].map(([, specifier]) => specifier);
}

/** The first circle that following the edges leads into, as the nodes on it. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (finished.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

Deno.test("findCycle() names the circle when there is one", () => {
  assert.deepEqual(findCycle(new Map([["a", ["b"]], ["b", ["c", "d"]], ["d", ["b"]]])), ["b", "d", "b"]);
  assert.equal(findCycle(new Map([["a", ["b", "c"]], ["b", ["c"]]])), undefined);
});

Deno.test("valueImports() leaves out imports of types", () => {
  const source =
    `import { a } from "./a.ts";\nimport type { B } from "./b.ts";\nexport * from "../c.ts";\nimport "./d.ts";
export type { E } from "./e.ts";\nimport {\n  f,\n  type G,\n} from "./f.ts";\nimport x from "npm";\n`;
  assert.deepEqual(valueImports(source), ["./a.ts", "../c.ts", "./d.ts", "./f.ts"]);
});

Deno.test("no file of the library imports itself through others", () => {
  const edges = new Map(
    sourcesUnder("lib").map((path) => {
      const base = new URL(path, ROOT);
      const targets = valueImports(read(path)).map((specifier) =>
        new URL(specifier, base).href.slice(ROOT.href.length)
      );
      return [path, targets] as const;
    }),
  );
  assert([...edges.values()].flat().length > 20);
  assert.equal(findCycle(edges)?.join(" → "), undefined);
});
