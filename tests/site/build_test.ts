/** `deno task site:build` with its permissions: pages to files, what it says of missing and damaged input. */
import assert from "node:assert/strict";
import { parseArguments } from "../../tasks/site_build.ts";
import { filesUnder, runTask, writeText } from "./_built_site.ts";

const FOLDER = `runs/test-site-build-${crypto.randomUUID()}`;
const OUT = `${FOLDER}/built`;

Deno.test.beforeAll(() => Deno.mkdirSync(`${FOLDER}/none`, { recursive: true }));
Deno.test.afterAll(() => Deno.removeSync(FOLDER, { recursive: true }));

/** Builds without results and without runs, unless arguments name some. */
function build(args: readonly string[] = [], code = 0): ReturnType<typeof runTask> {
  return runTask("site:build", ["--out", OUT, "--results", `${FOLDER}/none`, ...args], { code });
}

Deno.test("site:build writes a file per page, says of all results that there are none, and invents no number", async (t) => {
  const { stdout } = await build(["--base", "brainmvp"]);
  const files = filesUnder(OUT);
  await t.step("pages, scripts and static files", () => {
    const pages = ["index.html", "404.html", "ablation/index.html", "runs/index.html", "models/index.html"];
    const scripts = ["client.js", "islands/MosaicExplorer.js", "islands/ThemeToggle.js", "kernels.wasm", "style.css"];
    for (const file of [...pages, ...scripts]) assert(files.includes(file), file);
    assert.match(stdout, new RegExp(`^\\d+ pages in ${OUT}/$`, "m"));
  });
  await t.step("nothing measured", () => {
    const text = (file: string): string => Deno.readTextFileSync(`${OUT}/${file}`);
    assert.match(text("ablation/index.html"), /No ablation has been measured yet/);
    assert.match(text("downstream/index.html"), /None of these tasks has been measured here yet/);
    assert.equal(text("studies/index.html").match(/Nothing has been measured yet/g)?.length, 2);
    assert.match(text("runs/index.html"), /built without runs/);
    assert.match(text("models/index.html"), /built without exported models/);
    assert.match(text("ablation/index.html"), /The paper&#39;s numbers, not ours|The paper's numbers, not ours/);
  });
  await t.step("only the page of errors depends on the base", () => {
    const dependent = files.filter((file) => file.endsWith(".html"))
      .filter((file) => Deno.readTextFileSync(`${OUT}/${file}`).includes("/brainmvp/"));
    assert.deepEqual(dependent, ["404.html"]);
  });
  await t.step("again, over itself, to the same bytes", async () => {
    const before = files.map((file) => Deno.readFileSync(`${OUT}/${file}`));
    writeText(`${OUT}/runs/old/index.html`, "a page of a run that is gone");
    await build(["--base", "brainmvp"]);
    assert.deepEqual(filesUnder(OUT), files);
    assert.deepEqual(files.map((file) => Deno.readFileSync(`${OUT}/${file}`)), before);
  });
});

Deno.test("site:build names what is missing or damaged before it writes anything", async () => {
  writeText(`${FOLDER}/damaged-run/run.json`, "{");
  writeText(`${FOLDER}/other-run/run.json`, '{"recipe":"quick"}');
  writeText(`${FOLDER}/damaged/missing-modality/a.json`, '{\n  "kind": "missing-mo');
  writeText(`${FOLDER}/model/README.md`, "# A");
  writeText(`${FOLDER}/full/scan.txt`, "not a site");
  const cases: readonly [args: readonly string[], message: RegExp, code?: number][] = [
    [["--runs", `${FOLDER}/nowhere`], /^Cannot show runs of \S+nowhere: expected a folder, found none$/m],
    [
      ["--runs", `${FOLDER}/model`],
      /^Cannot show runs of \S+model: expected a run or a folder of runs, found no run.json$/m,
    ],
    [
      ["--runs", `${FOLDER}/damaged-run`],
      /^Cannot show \S+damaged-run: expected JSON in run.json, found something else$/m,
    ],
    [["--runs", `${FOLDER}/other-run`], /^Cannot show \S+other-run: run.json does not describe a run: /m, 2],
    [["--results", `${FOLDER}/damaged`], /^Cannot read \S+a.json: expected JSON, got a damaged or unfinished file$/m],
    [["--results", `${FOLDER}/nowhere`], /^Cannot read results of \S+nowhere: expected a folder, found none$/m],
    [
      ["--models", `${FOLDER}/model`],
      /^Cannot show model \S+model: expected README.md and weights.safetensors of deno task export, found none$/m,
    ],
    [
      ["--out", `${FOLDER}/full`],
      /^Cannot build the site into \S+full: expected an empty folder or an earlier build, found scan.txt$/m,
    ],
  ];
  for (const [args, message, code = 1] of cases) {
    const out = args[0] === "--out" ? [] : ["--out", `${FOLDER}/unwritten`];
    const { stderr } = await runTask("site:build", ["--results", `${FOLDER}/none`, ...out, ...args], { code });
    assert.match(stderr, message);
  }
  assert.deepEqual(filesUnder(FOLDER).filter((file) => file.startsWith("unwritten")), []);
  assert.equal(Deno.readTextFileSync(`${FOLDER}/full/scan.txt`), "not a site");
});

Deno.test("site:build reads its command line", () => {
  assert.deepEqual(parseArguments([]), { out: "site/_site", base: "/", runs: [], models: [], results: "results" });
  const { base, runs } = parseArguments(["--base", "brainmvp/", "--runs", "a", "b"]);
  assert.deepEqual([base, runs], ["/brainmvp/", ["a", "b"]]);
  assert.throws(() => parseArguments(["--base", "https://a.b/"]), /Expected a path as in \/brainmvp\//);
});
