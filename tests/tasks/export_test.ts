/** `deno task export`: what it leaves behind, and what it says when it cannot. */
import assert from "node:assert/strict";
import { decodeSafetensors, type Safetensor } from "../../lib/interop/mod.ts";
import { parseArguments } from "../../tasks/export.ts";
import { openOnnx } from "../interop/onnx/_runtime.ts";
import {
  checkpointNames,
  COHORT,
  namesIn,
  prepareFolders,
  runPretrain,
  RUNS,
  tinyRun,
  UPDATES,
} from "./_pretrain_run.ts";

prepareFolders();

const ROOT = new URL("../../", import.meta.url);
const RUN = `${RUNS}/exported`;
const EXPORT = `${RUN}/export`;

/** Runs a program to its end; fails with what it printed unless it exits with the status expected. */
async function runDeno(
  args: readonly string[],
  { code = 0, input = "" }: { code?: number; input?: string } = {},
): Promise<{ stdout: string; stderr: string }> {
  const child = new Deno.Command("deno", {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output] = await Promise.all([child.output(), new Blob([input]).stream().pipeTo(child.stdin)]);
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.equal(output.code, code, `status of ${args.join(" ")}\n${stdout}\n${stderr}`);
  return { stdout, stderr };
}

function runExport(args: readonly string[], options: { code?: number } = {}): ReturnType<typeof runDeno> {
  return runDeno(["run", "-q", "-P=export", "tasks/export.ts", ...args], options);
}

function readTensors(path: string): ReturnType<typeof decodeSafetensors> {
  return decodeSafetensors(Deno.readFileSync(path), path);
}

Deno.test("export writes the newest checkpoint of a run for other tools", async (t) => {
  await runPretrain(tinyRun("exported"));
  const { stdout } = await runExport(["--run", RUN, "--size", "16,32,16"]);

  await t.step("and says what it wrote, with sizes", () => {
    const [first, ...lines] = stdout.trimEnd().split("\n");
    assert.equal(first, `run       ${RUN}: quick, uniformer-tiny, ${UPDATES} updates`);
    const files = lines.map((line) => line.match(/^wrote {5}(.*) \(\d+\.\d [kM]B\)$/)?.[1]);
    const templates = ["flair", "t1", "t2"].map((modality) => `templates/${modality}.nii.gz`);
    const names = ["weights.safetensors", "encoder.onnx", ...templates, "README.md"];
    assert.deepEqual(files, names.map((name) => `${EXPORT}/${name}`));
    assert.deepEqual(namesIn(EXPORT), ["README.md", "encoder.onnx", "templates", "weights.safetensors"]);
  });

  const weights = readTensors(`${EXPORT}/weights.safetensors`);
  await t.step("the weights as they are in the checkpoint, without what only training needs", () => {
    const checkpoint = readTensors(`${RUN}/checkpoints/${checkpointNames(UPDATES)[1]}`).tensors;
    const names = [...checkpoint.keys()].filter((name) => !/^(adamw|templates)\./.test(name));
    assert.deepEqual([...weights.tensors.keys()].sort(), names.sort());
    assert.ok(names.includes("rep_template") && names.includes("encoder.uniformer.norm.running_var"));
    for (const name of names) {
      const { dtype, shape, data } = weights.tensors.get(name)!;
      assert.equal(dtype, name.endsWith("num_batches_tracked") ? "I64" : "F32", name);
      assert.deepEqual(shape, checkpoint.get(name)!.shape);
      assert.deepEqual(Array.from<number | bigint, number>(data, Number), [...checkpoint.get(name)!.data], name);
    }
    assert.deepEqual(weights.metadata, {
      format: "pt",
      model: "uniformer-tiny",
      recipe: "quick",
      updates: String(UPDATES),
      modalities: "flair t1 t1c t2 mra pd dwi adc",
    });
  });

  await t.step("an encoder of the given size that runs, its batch free", async () => {
    const session = await openOnnx([Deno.readFileSync(`${EXPORT}/encoder.onnx`)]);
    const volume = { shape: [3, 1, 16, 32, 16], data: new Float32Array(3 * 16 * 32 * 16) };
    const { stage4 } = await session.run({ volume });
    assert.deepEqual(stage4.shape, [3, 256, 1, 1, 2]);
    const wrong = { shape: [1, 1, 16, 16, 16], data: new Float32Array(16 ** 3) };
    await assert.rejects(session.run({ volume: wrong }), /volume/);
    await session.close();
  });

  await t.step("the templates that the run itself has left, byte for byte", () => {
    const templates = namesIn(`${EXPORT}/templates`);
    assert.deepEqual(templates, ["flair.nii.gz", "t1.nii.gz", "t2.nii.gz"]);
    for (const name of templates) {
      const [exported, own] = [EXPORT, RUN].map((folder) => Deno.readFileSync(`${folder}/templates/${name}`));
      assert.deepEqual(exported, own, name);
    }
  });

  const card = Deno.readTextFileSync(`${EXPORT}/README.md`);
  await t.step("a card with the numbers of the run, and no folder of the machine", () => {
    const network = countValues(weights.tensors, (name) => !/^rep_template$|running_|tracked$/.test(name));
    assert.ok(card.includes(`| parameters of the network | ${network} |`), network);
    // The official decoder also holds blocks that no pass uses.
    const isTrained = (name: string): boolean =>
      !/^rep_template$|running_|tracked$|^decoder\.(proj1|decoder\d\.conv_block)\./.test(name);
    assert.ok(card.includes(`| of these trained | ${countValues(weights.tensors, isTrained)} |`));
    assert.ok(card.includes(`| parameters of the templates | ${8 * 20 * 19 * 18}`.replace(/(\d+)(\d{3})$/, "$1,$2")));
    assert.match(card, /^Recipe `quick`, 8 optimiser updates, 4 of 4 epochs\.$/m);
    assert.match(card, /^\| `cropSize` \| \[16, 16, 16\] \| \[96, 96, 96\] \|$/m);
    assert.doesNotMatch(card, /\| `seed` \|/);
    assert.match(card, /^Origin: datalist list\.json\.$/m);
    assert.match(card, /^\| with flair \| 2 \| 1 \|$/m);
    assert.match(card, / of flair, t1, t2: 20 × 19 × 18 voxels of 1 × 1 × 1 mm /);
    assert.ok(!card.includes(COHORT));
    const { environment } = JSON.parse(Deno.readTextFileSync(`${RUN}/run.json`));
    assert.ok(card.includes(`- backend: ${environment.backend}\n- deno: ${Deno.version.deno}\n- system: `));
    const records = Deno.readTextFileSync(`${RUN}/metrics.jsonl`).trimEnd().split("\n");
    const { pairs } = records.map((line) => JSON.parse(line)).findLast(({ kind }) => kind === "validation");
    for (const { target, source, psnr } of pairs) {
      assert.match(card, new RegExp(`^\\| (CMR|MD) +\\| ${target} +\\| ${source} +\\| +${psnr.toFixed(2)} \\|`, "m"));
    }
  });

  await t.step("an example in the card that type-checks and loads the weights", async () => {
    const [, program] = card.match(/```ts\n(.*?)```/s)!;
    const name = "encoder.uniformer.blocks1.0.norm1.running_var";
    const input = program.replace('"weights.safetensors"', JSON.stringify(`${EXPORT}/weights.safetensors`)) +
      `const loaded = model.parameters.find(({ name }) => name === "${name}")!;\n` +
      "console.log(JSON.stringify([...loaded.variable.dataSync()]));\n";
    const { stdout } = await runDeno(["run", "-q", "--check", "--no-prompt", "--allow-read", "-"], { input });
    const expected = weights.tensors.get(name)!.data as Float32Array;
    assert.deepEqual(JSON.parse(stdout), [...expected]);
    assert.ok(expected.some((value) => value !== 1));
  });

  await t.step("elsewhere and without ONNX when asked, and where the scans are gone", async () => {
    const out = `${RUNS}/elsewhere`;
    const description = Deno.readTextFileSync(`${RUN}/run.json`);
    Deno.writeTextFileSync(`${RUN}/run.json`, description.replaceAll(JSON.stringify(COHORT), '"/gone"'));
    await runExport(["--run", RUN, "--out", out, "--no-onnx"]);
    Deno.writeTextFileSync(`${RUN}/run.json`, description);
    assert.deepEqual(namesIn(out), ["README.md", "templates", "weights.safetensors"]);
    assert.doesNotMatch(Deno.readTextFileSync(`${out}/README.md`), /onnx/i);
  });

  await t.step("not when the run has no checkpoint yet", async () => {
    Deno.mkdirSync(`${RUNS}/young/checkpoints`, { recursive: true });
    Deno.copyFileSync(`${RUN}/run.json`, `${RUNS}/young/run.json`);
    const { stderr } = await runExport(["--run", `${RUNS}/young`], { code: 1 });
    assert.equal(stderr, `Cannot export ${RUNS}/young: expected a checkpoint, the run has none yet\n`);
    assert.deepEqual(namesIn(`${RUNS}/young`), ["checkpoints", "run.json"]);
  });

  await t.step("not with a size that the encoder cannot halve, before anything is written", async () => {
    const { stdout, stderr } = await runExport(["--run", RUN, "--size", "16,20,16"], { code: 2 });
    assert.equal(stderr, "Cannot use --size 16,20,16: expected multiples of 16 for uniformer-tiny\n");
    assert.equal(stdout, "");
  });
});

/** Values of the tensors whose names are picked, with thousands separated. */
function countValues(tensors: ReadonlyMap<string, Safetensor>, picks: (name: string) => boolean): string {
  const count = [...tensors].reduce((sum, [name, { data }]) => sum + (picks(name) ? data.length : 0), 0);
  return count.toLocaleString("en");
}

const WRONG_ARGUMENTS: readonly { args: string[]; code: number; message: string }[] = [
  { args: [], code: 2, message: "error: required option '--run <folder>' not specified\n" },
  {
    args: ["--run", "runs/none-of-these"],
    code: 1,
    message: "Cannot export runs/none-of-these: expected the folder of a run with a run.json, found none\n",
  },
  { args: ["--run", "x", "--outt", "y"], code: 2, message: "error: unknown option '--outt'\n(Did you mean --out?)\n" },
  {
    args: ["--run", "x", "more"],
    code: 2,
    message: "error: too many arguments. Expected 0 arguments but got 1: more.\n",
  },
  {
    args: ["--run", "x", "--size", "16,16"],
    code: 2,
    message: "error: option '--size <x,y,z>' argument '16,16' is invalid. " +
      'Expected three whole numbers as in 96,96,96, got "16,16".\n',
  },
  {
    args: ["--run", "x", "--size", "16,16,16", "--no-onnx"],
    code: 2,
    message: "error: option '--size <x,y,z>' cannot be used with option '--no-onnx'\n",
  },
];

for (const { args, code, message } of WRONG_ARGUMENTS) {
  Deno.test(`export ${args.join(" ")} ends with status ${code} and one message`, async () => {
    const { stdout, stderr } = await runExport(args, { code });
    assert.deepEqual([stdout, stderr], ["", message]);
  });
}

Deno.test("export of a fine-tuned run says in one line what to take instead", async () => {
  const folder = `${RUNS}/finetuned`;
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(`${folder}/run.json`, '{"kind":"finetune"}');
  const { stderr } = await runExport(["--run", folder], { code: 2 });
  assert.equal(
    stderr,
    `Cannot export ${folder}: expected a pre-training run, got a fine-tuned one, whose weights.safetensors has the ` +
      "official names already\n",
  );
});

Deno.test("export --help describes every option and file", async () => {
  const { stdout } = await runExport(["--help"]);
  for (const word of ["--run", "--out", "--size", "--no-onnx", "weights.safetensors", "encoder.onnx", "README.md"]) {
    assert.ok(stdout.includes(word), word);
  }
});

Deno.test("parseArguments() reads sizes as numbers and asks for ONNX by default", () => {
  assert.deepEqual(parseArguments(["--run", "r"]), { run: "r", onnx: true });
  assert.deepEqual(parseArguments(["--run", "r", "--size", "96,80,64"]), { run: "r", onnx: true, size: [96, 80, 64] });
  assert.deepEqual(parseArguments(["--run", "r", "--no-onnx"]), { run: "r", onnx: false });
});
