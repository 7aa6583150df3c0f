/** README.md and the example of mod.ts say nothing that the code does not do. */
import assert from "node:assert/strict";
import { flattenConfig, parseConfigFile, resolveConfig } from "../lib/config.ts";
import { LAUNCH_VARIABLES, LIBRARY_VARIABLE } from "../lib/host/mod.ts";
import { RECIPES, recipeSchema } from "../recipes/mod.ts";
import { parseArguments as parseBenchArguments } from "../tasks/bench.ts";
import { parseArguments } from "../tasks/pretrain.ts";

const ROOT = new URL("../", import.meta.url);
const README = Deno.readTextFileSync(new URL("README.md", ROOT));
const CONFIG = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));

/** Bodies of the fenced blocks of one language. */
function blocksOf(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, body]) => body);
}

/** Text of the doc comment that a module opens with, without its asterisks. */
function moduleDoc(source: string): string {
  const [, comment] = source.match(/^\/\*\*(.*?)\*\//s)!;
  return comment.replaceAll(/^ \* ?/gm, "");
}

/** Arguments of every command line that starts a task's file, by `deno task` or by `deno run`. */
function commandsOf(task: string): string[][] {
  const lines = blocksOf(README, "sh").join("").split("\n").map((line) => line.replace(/\s*#.*$/, ""));
  const launcher = "(?:(?:npx -y|mpirun .*|srun .*) )?";
  const start = new RegExp(`^${launcher}deno (?:task (?:-q )?${task}(?::mpi)?|run .*tasks/${task}\\.ts)(?= |$)`);
  return lines.filter((line) => start.test(line)).map((line) =>
    line.replace(start, "").trim().split(/ +/).filter(Boolean)
  );
}

/** Cells of the table whose header starts with a word, without backticks. */
function tableOf(firstHeader: string): string[][] {
  const [, body] = README.match(new RegExp(`^\\| ${firstHeader} .*\\n\\| -.*\\n((?:\\|.*\\n)+)`, "m"))!;
  return body.trimEnd().split("\n").map((row) => {
    return row.slice(1, -1).split("|").map((cell) => cell.trim().replaceAll("`", ""));
  });
}

/** Runs a program as if it lay beside mod.ts: types checked, read permission only. */
async function runExample(code: string): Promise<void> {
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "--check", "--no-prompt", "--allow-read", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const [{ success, stderr }] = await Promise.all([child.output(), new Blob([code]).stream().pipeTo(child.stdin)]);
  assert(success, new TextDecoder().decode(stderr));
}

const examples = {
  "README.md": blocksOf(README, "ts"),
  "mod.ts": blocksOf(moduleDoc(Deno.readTextFileSync(new URL("mod.ts", ROOT))), "ts"),
};

for (const [name, blocks] of Object.entries(examples)) {
  Deno.test(`${name} shows an example of at most 20 lines that type-checks, imports ./mod.ts and runs`, async () => {
    assert(blocks.length > 0);
    for (const code of blocks) {
      assert(code.trimEnd().split("\n").length <= 20);
      assert.match(code, /from "\.\/mod\.ts"/);
      assert.match(code, /^assert/m);
      await runExample(code);
    }
  });
}

Deno.test("runExample() rejects wrong types, failed assertions and programs that need more than read permission", async () => {
  await assert.rejects(runExample("export const x: string = 1;\n"), /TS2322/);
  await assert.rejects(runExample(`import assert from "node:assert/strict";\nassert.equal(1, 2);\n`), /AssertionError/);
  await assert.rejects(runExample(`Deno.writeTextFileSync("x", "");\n`), /NotCapable/);
});

Deno.test("README.md names only tasks and permission sets of deno.json", () => {
  const tasks = [...README.matchAll(/deno task (?:-q )?([\w:-]+)/g)].map(([, task]) => task);
  assert(tasks.includes("pretrain") && tasks.includes("test"));
  assert.deepEqual(tasks.filter((task) => !Object.hasOwn(CONFIG.tasks, task)), []);
  const sets = [...README.matchAll(/ -P=(\w+)/g)].map(([, set]) => set);
  assert.deepEqual(sets.filter((set) => !Object.hasOwn(CONFIG.permissions, set)), []);
});

Deno.test("README.md says of the permissions of pretrain and phantom what deno.json grants", () => {
  const granted = { read: true, write: ["runs", "data"], env: { ignore: true }, import: ["localhost"] };
  assert.deepEqual(CONFIG.permissions.phantom, granted);
  const env = { allow: [...LAUNCH_VARIABLES], ignore: true };
  assert.deepEqual(CONFIG.permissions.pretrain, { ...granted, env });
  assert.deepEqual(CONFIG.permissions.finetune, { ...granted, env });
  const withLibrary = { ...env, allow: [...env.allow, LIBRARY_VARIABLE] };
  assert.deepEqual(CONFIG.permissions["pretrain-mpi"], { ...granted, ffi: true, env: withLibrary });
  const others = Object.entries(CONFIG.permissions).filter(([, set]) => Object.hasOwn(set as object, "ffi"));
  assert.deepEqual(others.map(([name]) => name), ["pretrain-mpi"]);
});

Deno.test("README.md shows only commands of pretrain that are accepted", () => {
  const commands = commandsOf("pretrain");
  assert(commands.length >= 6);
  for (const command of commands) {
    const { recipe = "quick", assignments } = parseArguments(command);
    assert(Object.hasOwn(RECIPES, recipe), recipe);
    assert.doesNotThrow(() => resolveConfig(recipeSchema, RECIPES[recipe].recipe, { assignments }));
  }
});

Deno.test("README.md shows only commands of bench that are accepted", () => {
  const commands = commandsOf("bench");
  assert(commands.length >= 3);
  for (const command of commands) assert.doesNotThrow(() => parseBenchArguments(command), command.join(" "));
});

Deno.test("README.md shows YAML that is accepted and changes the recipe", () => {
  const [text, ...others] = blocksOf(README, "yaml");
  assert.deepEqual(others, []);
  const resolve = (file?: ReturnType<typeof parseConfigFile>): unknown =>
    resolveConfig(recipeSchema, RECIPES.preview.recipe, { file });
  assert.notDeepEqual(resolve(parseConfigFile(text, "README.md")), resolve());
});

Deno.test("README.md lists every recipe, in the order of the code", () => {
  assert.deepEqual(tableOf("recipe").map(([name]) => name), Object.keys(RECIPES));
});

Deno.test("README.md lists exactly the options in which paper and official recipe differ, with their values", () => {
  const [paper, official] = ["paper", "official"].map((name) => {
    return flattenConfig(resolveConfig(recipeSchema, RECIPES[name].recipe));
  });
  const differing = Object.keys(paper).filter((path) => paper[path] !== official[path]);
  assert.deepEqual(
    tableOf("option").map((row) => row.slice(0, 3)),
    differing.map((path) => [path, paper[path], official[path]]),
  );
});

Deno.test("README.md links only to files and folders that are there", () => {
  const paths = [...README.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, path]) => path);
  assert(paths.length > 10);
  for (const path of paths) assert.doesNotThrow(() => Deno.statSync(new URL(path, ROOT)), path);
});
