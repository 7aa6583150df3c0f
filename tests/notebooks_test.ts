/** The notebooks: that their outputs are there and small, that their code type-checks, and that they run. */
import assert from "node:assert/strict";
import { JupyterKernel } from "../tasks/_jupyter_kernel.ts";
import { joinCode, kindsOf, listNotebooks, readNotebook } from "../tasks/_notebook_files.ts";
import { jupyterFolder, KERNEL_NAME, kernelSpec } from "../tasks/notebooks_install.ts";
import { compareKinds } from "../tasks/_running_notebooks.ts";

const FOLDER = "notebooks";
const ROOT = new URL("../", import.meta.url);
const NAMES = await listNotebooks(FOLDER);
/** Running all of them takes minutes. */
const IN_CI = Deno.env.get("CI") === "true";
/** Larger ones are not shown by every forge. */
const MOST_BYTES = 2 ** 20;

Deno.test("there are seven notebooks, each in its place", () => {
  assert.deepEqual(NAMES.map((name) => name.slice(0, 3)), ["01-", "02-", "03-", "04-", "05-", "06-", "07-"]);
});

for (const name of NAMES) {
  Deno.test(`${name} shows a picture, no error, nothing of the machine, in less than a MiB`, async () => {
    const text = await Deno.readTextFile(`${FOLDER}/${name}`);
    assert.ok(text.length < MOST_BYTES, `${text.length} bytes`);
    assert.doesNotMatch(text, /file:\/\/|\/(home|tmp|root|Users)\//);
    const notebook = await readNotebook(`${FOLDER}/${name}`);
    assert.deepEqual((notebook.metadata as { kernelspec: { name: string } }).kernelspec.name, KERNEL_NAME);
    const cells = notebook.cells.filter(({ cell_type }) => cell_type === "code");
    const kinds = cells.flatMap(({ outputs }) => kindsOf(outputs));
    assert.ok(kinds.includes("image/png") || kinds.includes("image/svg+xml"));
    assert.ok(!kinds.includes("error"));
    assert.deepEqual(cells.map(({ execution_count }) => execution_count), cells.map((_, i) => i + 1));
    for (const { outputs } of cells) assert.ok(kindsOf(outputs).length > 0, "a cell shows nothing");
  });

  Deno.test({
    name: `${name} runs and shows the same kinds of outputs${IN_CI ? "" : " (ignored: minutes long, in CI only)"}`,
    ignore: !IN_CI,
    fn: async () => {
      const { code, stdout, stderr } = await new Deno.Command("deno", {
        args: ["run", "-q", "-P=notebooks", "tasks/notebooks.ts", "--check", `${FOLDER}/${name}`],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
      }).output();
      const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.equal(code, 0, `${out}\n${error}`);
    },
  });
}

Deno.test("the code of all notebooks type-checks", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files: string[] = [];
    for (const name of NAMES) {
      const code = joinCode(await readNotebook(`${FOLDER}/${name}`))
        .replaceAll('"../', `"${ROOT.href}`).replaceAll('"./', `"${ROOT.href}${FOLDER}/`);
      const file = `${folder}/${name.replace(".ipynb", ".ts")}`;
      await Deno.writeTextFile(file, `${code}\nexport {};\n`);
      files.push(file);
    }
    const config = new URL("deno.json", ROOT).pathname;
    const { code, stderr } = await new Deno.Command("deno", {
      args: ["check", "-q", "--config", config, "--lock=deno.dev.lock", "--frozen", ...files],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("JupyterKernel runs cells: output of every kind, state from cell to cell, errors", async () => {
  await Deno.mkdir("runs", { recursive: true });
  await using kernel = await JupyterKernel.start(FOLDER);
  assert.deepEqual(await kernel.execute('console.log("a"); console.log("b"); const kept = 6;'), [
    { output_type: "stream", name: "stdout", text: "a\nb\n" },
  ]);
  const [result, ...others] = await kernel.execute("kept * 7");
  assert.equal(others.length, 0);
  assert.deepEqual(result, {
    output_type: "execute_result",
    data: { "text/plain": "42" },
    metadata: {},
    execution_count: 2,
  });
  const shown = await kernel.execute('import { showMarkdown } from "./notebook.ts"; showMarkdown("**b**")');
  assert.deepEqual(shown.map((output) => "data" in output && output.data), [{ "text/markdown": "**b**" }]);
  for (const code of ['throw new Error("bad")', "let 5 x"]) {
    const outputs = await kernel.execute(code);
    assert.deepEqual(outputs.map(({ output_type }) => output_type), ["error"], code);
  }
});

Deno.test("compareKinds() names cells that show something else", () => {
  const cell = (...types: string[]) => ({
    cell_type: "code" as const,
    source: "",
    outputs: types.map((type) => ({ output_type: "execute_result", data: { [type]: "" } })),
  });
  const [fresh, committed] = [[cell("image/png"), cell()], [cell("image/png"), cell("text/plain")]].map((cells) => {
    return { nbformat: 4 as const, cells };
  });
  assert.deepEqual(compareKinds(committed, committed), []);
  assert.deepEqual(compareKinds(fresh, committed), [
    "cell at 1: expected to show text/plain, got nothing; run deno task notebooks",
  ]);
});

Deno.test("notebooks:install writes a kernel with the flags of V8 where Jupyter of each system looks", () => {
  const env = (values: Record<string, string>) => (name: string): string | undefined => values[name];
  assert.equal(jupyterFolder("linux", env({ HOME: "/h" })), "/h/.local/share/jupyter");
  assert.equal(jupyterFolder("linux", env({ HOME: "/h", XDG_DATA_HOME: "/x" })), "/x/jupyter");
  assert.equal(jupyterFolder("darwin", env({ HOME: "/h" })), "/h/Library/Jupyter");
  assert.equal(jupyterFolder("windows", env({ APPDATA: "C:/a" })), "C:/a/jupyter");
  assert.equal(jupyterFolder("linux", env({ HOME: "/h", JUPYTER_DATA_DIR: "/j" })), "/j");
  const { argv, env: variables } = kernelSpec("/bin/deno") as { argv: string[]; env: Record<string, string> };
  assert.deepEqual(argv, ["/bin/deno", "jupyter", "--kernel", "--conn", "{connection_file}"]);
  assert.equal(variables.DENO_V8_FLAGS, "--experimental-wasm-revectorize,--no-wasm-bounds-checks");
});
