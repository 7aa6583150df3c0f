import assert from "node:assert/strict";
import { z } from "zod";
import { describeConfig, flattenConfig, parseConfigFile, resolveConfig } from "../lib/config.ts";
import { ConfigError } from "../lib/errors.ts";

const optimizer = z.strictObject({
  learningRate: z.number().positive().default(3e-4).describe("Peak learning rate."),
  betas: z.tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)]).readonly().default([0.9, 0.999]),
});

const fill = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("template"), count: z.int().min(1).max(8) }),
  z.strictObject({ kind: z.literal("noise"), scale: z.number() }),
]);

const schema = z.strictObject({
  name: z.string().min(1).describe("Name of the run."),
  seed: z.int().default(0),
  contrastive: z.boolean().default(true),
  backend: z.enum(["auto", "wasm", "webgpu"]).default("auto"),
  clip: z.number().min(0).nullable().default(null),
  crop: z.array(z.int().min(1)).min(1).refine((crop) => crop.every((n) => n % 8 === 0), "multiples of 8").default([96]),
  modalities: z.union([z.literal("all"), z.array(z.string())]).default("all"),
  weights: z.record(z.string(), z.number()).default({}),
  optimizer: optimizer.prefault({}),
  early: z.strictObject({ patience: z.int(), delta: z.number().default(0.5) }).nullable().default(null),
  fill: fill.default({ kind: "template", count: 1 }),
});

const defaults = {
  name: "quick",
  seed: 0,
  contrastive: true,
  backend: "auto",
  clip: null,
  crop: [96],
  modalities: "all",
  weights: {},
  optimizer: { learningRate: 3e-4, betas: [0.9, 0.999] },
  early: null,
  fill: { kind: "template", count: 1 },
};

function resolve(...assignments: string[]): z.output<typeof schema> {
  return resolveConfig(schema, { name: "quick" }, { assignments });
}

function problemsOf(...assignments: string[]): string[] {
  try {
    resolve(...assignments);
  } catch (error) {
    assert(error instanceof ConfigError);
    const [head, ...lines] = error.message.split("\n  ");
    assert.equal(head, "Cannot use the options of the recipe + the command line:");
    return lines;
  }
  return [];
}

Deno.test("resolveConfig() fills in every default when nothing is overridden", () => {
  assert.deepEqual(resolveConfig(schema, { name: "quick" }), defaults);
});

const VALUES: readonly [assignment: string, key: keyof typeof defaults, value: unknown][] = [
  ["name=true", "name", "true"],
  ["name=a=b", "name", "a=b"],
  ["name=[x", "name", "[x"],
  ["seed=-7", "seed", -7],
  ["contrastive=false", "contrastive", false],
  ["contrastive=true", "contrastive", true],
  ["backend=webgpu", "backend", "webgpu"],
  ["clip=.5", "clip", 0.5],
  ["clip=null", "clip", null],
  ["crop=[96, 64,8]", "crop", [96, 64, 8]],
  ["modalities=all", "modalities", "all"],
  ["modalities=[t1, 't2', \"true\"]", "modalities", ["t1", "t2", "true"]],
  ["weights.t1=2", "weights", { t1: 2 }],
  ["optimizer.learningRate=1e-3", "optimizer", { learningRate: 1e-3, betas: [0.9, 0.999] }],
  ["optimizer.betas=[0.5,0.75]", "optimizer", { learningRate: 3e-4, betas: [0.5, 0.75] }],
  ["early={patience: 3}", "early", { patience: 3, delta: 0.5 }],
  ["fill={kind: noise, scale: 2}", "fill", { kind: "noise", scale: 2 }],
];

for (const [assignment, key, value] of VALUES) {
  Deno.test(`resolveConfig() reads ${assignment} as its type says`, () => {
    assert.deepEqual(resolve(assignment), { ...defaults, [key]: value });
  });
}

Deno.test("resolveConfig() merges groups, and a later assignment wins", () => {
  const resolved = resolve("optimizer.betas=[0.1,0.2]", "optimizer.learningRate=1", "optimizer.learningRate=2");
  assert.deepEqual(resolved.optimizer, { betas: [0.1, 0.2], learningRate: 2 });
});

Deno.test("resolveConfig() merges into a nullable group that the recipe sets", () => {
  const base = { name: "quick", early: { patience: 3, delta: 0.25 } };
  const resolved = resolveConfig(schema, base, { assignments: ["early.patience=4"] });
  assert.deepEqual(resolved.early, { patience: 4, delta: 0.25 });
});

Deno.test("resolveConfig() drops the fields of the old kind when another kind of a union is selected", () => {
  const base = { name: "quick", fill: { kind: "template" as const, count: 2 } };
  assert.deepEqual(resolveConfig(schema, base, { assignments: ["fill.count=3"] }).fill, { kind: "template", count: 3 });
  const other = resolveConfig(schema, base, { assignments: ["fill.kind=noise", "fill.scale=0.5"] });
  assert.deepEqual(other.fill, { kind: "noise", scale: 0.5 });
});

Deno.test("resolveConfig() lets the file win over the recipe and assignments over the file", () => {
  const file = parseConfigFile("seed: 1\noptimizer:\n  learningRate: 2e-4\ncontrastive: false\n", "a.yaml");
  const resolved = resolveConfig(schema, { name: "quick", seed: 3 }, { file, assignments: ["contrastive=true"] });
  assert.deepEqual(resolved, { ...defaults, seed: 1, optimizer: { ...defaults.optimizer, learningRate: 2e-4 } });
});

for (const spelling of ["False", "TRUE", "0", "no", ""]) {
  Deno.test(`resolveConfig() refuses "${spelling}" as a Boolean`, () => {
    assert.deepEqual(problemsOf(`contrastive=${spelling}`), [`contrastive: expected true or false, got "${spelling}"`]);
  });
}

Deno.test("resolveConfig() refuses a Boolean of a YAML file that is not spelt true or false", () => {
  const file = parseConfigFile("contrastive: False", "runs/a.yaml");
  assert.throws(() => resolveConfig(schema, { name: "quick" }, { file }), {
    name: "ConfigError",
    message: 'Cannot use the options of the recipe + runs/a.yaml:\n  contrastive: expected true or false, got "False"',
  });
});

const PROBLEMS: readonly [assignment: string, problem: string][] = [
  ["seed=1.5", "seed: expected an integer, got 1.5"],
  ["seed=", 'seed: expected an integer, got ""'],
  ["seed=0x10", 'seed: expected an integer, got "0x10"'],
  ["name=", 'name: expected non-empty text, got ""'],
  ["backend=cuda", 'backend: expected "auto", "wasm" or "webgpu", got "cuda"'],
  ["clip=-1", "clip: expected a number of at least 0 or null, got -1"],
  ["crop=[96, 9]", "crop: expected multiples of 8, got [96, 9]"],
  ["crop=[]", "crop: expected a list of at least 1, each an integer of at least 1, got []"],
  ["crop=[96", 'crop: expected a list of at least 1, each an integer of at least 1, got "[96"'],
  ["crop=[8, x]", 'crop.1: expected an integer of at least 1, got "x"'],
  ["modalities=t1", 'modalities: expected "all" or a list, each text, got "t1"'],
  ["weights.t1=x", 'weights.t1: expected a number, got "x"'],
  ["weights=3", 'weights: expected a mapping, each a number, got "3"'],
  ["optimizer.learningRate=0", "optimizer.learningRate: expected a number greater than 0, got 0"],
  [
    "optimizer.betas=[1]",
    "optimizer.betas: expected a list of 2, each a number of at least 0 and less than 1, got [1]",
  ],
  ["optimizer=adam", 'optimizer: expected a group of learningRate and betas, got "adam"'],
  ["early={delta: 1}", "early.patience: expected an integer, got nothing"],
  ["fill.count=9", "fill.count: expected an integer of at least 1 and at most 8, got 9"],
  ["fill.kind=zero", 'fill.kind: expected "template" or "noise", got "zero"'],
  ["lerningRate=1", "lerningRate: unknown option, did you mean optimizer.learningRate?"],
  ["optimizer.learning_rate=1", "optimizer.learning_rate: unknown option, did you mean optimizer.learningRate?"],
  ["optimiser.betas=1", "optimiser: unknown option, did you mean optimizer?"],
  ["__proto__.x=1", "__proto__: unknown option, did you mean crop?"],
  ["seed", "seed: expected key.path=value"],
  ["=3", "=3: expected key.path=value"],
];

for (const [assignment, problem] of PROBLEMS) {
  Deno.test(`resolveConfig() says what is allowed when given ${assignment}`, () => {
    const base = { name: "quick", fill: { kind: "template" as const, count: 2 } };
    assert.throws(() => resolveConfig(schema, base, { assignments: [assignment] }), {
      name: "ConfigError",
      message: `Cannot use the options of the recipe + the command line:\n  ${problem}`,
    });
  });
}

Deno.test("resolveConfig() reports all problems at once", () => {
  assert.deepEqual(problemsOf("seed=x", "bakend=wasm", "optimizer.learningRate=-1"), [
    "bakend: unknown option, did you mean backend?",
    'seed: expected an integer, got "x"',
    "optimizer.learningRate: expected a number greater than 0, got -1",
  ]);
});

Deno.test("resolveConfig() refuses unknown keys of a schema that is not strict", () => {
  const loose = z.object({ depth: z.int().default(2) });
  assert.throws(() => resolveConfig(loose, {}, { assignments: ["dept=3"] }), {
    message: "Cannot use the options of the recipe + the command line:\n  dept: unknown option, did you mean depth?",
  });
});

Deno.test("resolveConfig() reports a rule over several fields by its own words", () => {
  const pair = z.strictObject({ low: z.number(), high: z.number() }).refine((p) => p.low < p.high, "low below high");
  assert.throws(() => resolveConfig(pair, { low: 2, high: 1 }), {
    message: "Cannot use the options of the recipe:\n  expected low below high",
  });
});

Deno.test("parseConfigFile() names the file when the text cannot be used", () => {
  assert.throws(() => parseConfigFile("a: [1", "x.yaml"), {
    name: "ConfigError",
    message: /^Cannot read x\.yaml: expected YAML, got \S.*[^:]$/,
  });
  assert.throws(() => parseConfigFile("a: 1\na: 2", "x.yaml"), {
    message: "Cannot read x.yaml: expected YAML, got Map keys must be unique at line 2, column 1",
  });
  assert.throws(() => parseConfigFile("- a", "x.yaml"), {
    message: 'Cannot read x.yaml: expected a mapping of options, got ["a"]',
  });
});

Deno.test("parseConfigFile() reads an empty file as no options", () => {
  assert.deepEqual(parseConfigFile("# nothing yet\n", "x.yaml"), { name: "x.yaml", values: {} });
});

Deno.test("flattenConfig() writes each value as its assignment", () => {
  assert.deepEqual(flattenConfig(resolve("modalities=[t1, 'a, b']")), {
    name: "quick",
    seed: "0",
    contrastive: "true",
    backend: "auto",
    clip: "null",
    crop: "[96]",
    modalities: '["t1", "a, b"]',
    weights: "{}",
    "optimizer.learningRate": "0.0003",
    "optimizer.betas": "[0.9, 0.999]",
    early: "null",
    "fill.kind": "template",
    "fill.count": "1",
  });
});

Deno.test("flattenConfig() gives assignments that resolve to the same options", () => {
  const resolved = resolve("crop=[8, 16]", "modalities=['x: [', t2]", "weights={flair: 2}", "early={patience: 1}");
  const assignments = Object.entries(flattenConfig(resolved)).map(([path, text]) => `${path}=${text}`);
  assert.deepEqual(resolveConfig(schema, { name: "other" }, { assignments }), resolved);
});

Deno.test("describeConfig() lists path, allowed values, default and description", () => {
  const lines = describeConfig(schema);
  assert.deepEqual(lines.slice(0, 3), [
    { path: "name", allowed: "non-empty text", default: undefined, description: "Name of the run." },
    { path: "seed", allowed: "an integer", default: "0", description: "" },
    { path: "contrastive", allowed: "true or false", default: "true", description: "" },
  ]);
  assert.deepEqual(lines.find(({ path }) => path === "optimizer.learningRate"), {
    path: "optimizer.learningRate",
    allowed: "a number greater than 0",
    default: "0.0003",
    description: "Peak learning rate.",
  });
  assert.deepEqual(lines.filter(({ path }) => path.startsWith("fill")), [
    { path: "fill.kind", allowed: '"template" or "noise"', default: "template", description: "" },
    { path: "fill.count", allowed: "an integer of at least 1 and at most 8", default: "1", description: "" },
    { path: "fill.scale", allowed: "a number", default: undefined, description: "" },
  ]);
});

Deno.test("describeConfig() shows a recipe's own values as defaults", () => {
  const lines = describeConfig(schema, { name: "paper", optimizer: { learningRate: 0.25 } });
  const shown = Object.fromEntries(lines.map((line) => [line.path, line.default]));
  assert.equal(shown.name, "paper");
  assert.equal(shown["optimizer.learningRate"], "0.25");
  assert.equal(shown["optimizer.betas"], "[0.9, 0.999]");
});
