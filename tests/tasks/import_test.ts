import assert from "node:assert/strict";
import { bytesSource, decodeSafetensors, encodeSafetensors, openSafetensors } from "../../lib/interop/mod.ts";
import type { Safetensor } from "../../lib/interop/mod.ts";
import { describeParameters, MODEL_PRESETS } from "../../lib/model/mod.ts";
import { randomStream } from "../../lib/random.ts";
import { concatenate, PickleWriter, writeTorchZip } from "../interop/_pickle_writer.ts";

const ROOT = new URL("../../", import.meta.url);
/** The task may write under runs/ only. */
const RUNS = `runs/test-import-${crypto.randomUUID()}`;
/** Holds the files that are imported. */
const FILES = Deno.makeTempDirSync();

Deno.test.beforeAll(() => Deno.mkdirSync(RUNS, { recursive: true }));
Deno.test.afterAll(() => {
  for (const folder of [FILES, RUNS]) Deno.removeSync(folder, { recursive: true });
});

/** Runs the task with the permissions that `deno task import` has. */
async function runImport(args: readonly string[], { code = 0 }: { code?: number } = {}): Promise<{
  stdout: string;
  stderr: string;
}> {
  const { code: got, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", "-P=import", "tasks/import.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/tmp" },
    stdin: "null",
  }).output();
  const texts = { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  assert.equal(got, code, `status of ${args.join(" ")}\n${texts.stdout}\n${texts.stderr}`);
  return texts;
}

/** Random weights of a tiny UNET3D by their official names; its batch counters would be integers. */
function weightsOf(inChannels: number): Map<string, Safetensor> {
  const parameters = describeParameters({ ...MODEL_PRESETS["unet3d-tiny"], inChannels });
  return new Map(parameters.map(({ name, officialShape: shape }): [string, Safetensor] => {
    const random = randomStream(5, name);
    const count = shape.reduce((product, size) => product * size, 1);
    return [name, { dtype: "F32", shape, data: Float32Array.from({ length: count }, () => random.uniform()) }];
  }));
}

const TEMPLATES: Safetensor = {
  dtype: "F32",
  shape: [8, 4, 3, 2],
  data: Float32Array.from({ length: 192 }, (_, i) => i),
};
const LEFT_OVER: Safetensor = { dtype: "F32", shape: [1], data: Float32Array.of(1) };

/** A checkpoint of PyTorch with its weights as `state_dict`, an epoch and an optimiser beside them. */
function torchCheckpoint(tensors: ReadonlyMap<string, Safetensor>): Uint8Array {
  const storages: Record<string, Uint8Array> = {};
  const pickle = new PickleWriter().raw("}").text("epoch").raw("K", 3, "s").text("state_dict").raw("}");
  for (const [name, { shape, data }] of tensors) {
    const key = `${Object.keys(storages).length}`;
    storages[key] = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    pickle.text(name).tensor({ key, count: data.length, shape, strides }).raw("s");
  }
  return writeTorchZip(pickle.raw("s").text("optimizer").raw("}s"), storages);
}

const plain = weightsOf(1);
const wrapped = new Map([...plain, ["rep_template", TEMPLATES] as const, ["head.bias", LEFT_OVER] as const].map(
  ([name, tensor]) => [`module.${name}`, tensor],
));

Deno.test("import writes what fits a model under official names, and accounts for the rest", async () => {
  const from = `${FILES}/theirs.pt`, out = `${RUNS}/new/folder/ours.safetensors`;
  Deno.writeFileSync(from, torchCheckpoint(wrapped));
  const { stdout, stderr } = await runImport(["--from", from, "--out", out]);
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), [
    `weights   ${from}: PyTorch, state_dict, 114 tensors`,
    "not read  epoch, optimizer",
    "model     unet3d-tiny",
    'loaded    113 of 113 parameters of the model, 1,177,361 values, "module." taken off their names',
    "extra     1 in the file but not in the model: not loaded",
    "  module.head.bias",
    `written   ${out}, 4.7 MB`,
    "",
  ]);
  const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(out), out);
  assert.deepEqual(metadata, { format: "pt", model: "unet3d-tiny" });
  assert.equal(tensors.size, plain.size + 1);
  for (const [name, tensor] of [...plain, ["rep_template", TEMPLATES] as const]) {
    assert.deepEqual(tensors.get(name), tensor, name);
  }
});

Deno.test("import gives a model other input channels by the rule asked for, and reports them when told to skip", async () => {
  const from = `${FILES}/plain.safetensors`, out = `${RUNS}/channels.safetensors`;
  Deno.writeFileSync(from, concatenate(encodeSafetensors(plain)));
  const skipped = await runImport(["--from", from, "--out", out, "--channels", "4"]);
  assert.match(skipped.stdout, /^model {5}unet3d-tiny, 4 input channels$/m);
  assert.match(
    skipped.stdout,
    /^shape {5}1 of another shape in the file: not loaded\n {2}conv1a\.weight: expected \[8, 4, 3, 3, 3\], got \[8, 1, 3, 3, 3\]$/m,
  );
  const { stdout } = await runImport(["--from", from, "--out", out, "--channels", "4", "--first-conv", "replicate"]);
  assert.match(stdout, /^adapted {3}1 .*\n {2}conv1a\.weight: \[8, 4, 3, 3, 3\] from \[8, 1, 3, 3, 3\]$/m);
  const { tensors } = await openSafetensors(bytesSource(Deno.readFileSync(out)), out);
  const kernel = plain.get("conv1a.weight")!.data as Float32Array;
  const adapted = await tensors.get("conv1a.weight")!.read();
  assert.deepEqual(
    adapted,
    Float32Array.from({ length: 864 }, (_, i) => kernel[Math.floor(i / 108) * 27 + i % 27] / 4),
  );
});

Deno.test("import shortens long lists to groups, and lists every name when asked to", async () => {
  const from = `${FILES}/long.safetensors`, out = `${RUNS}/long.safetensors`;
  const more = Array.from({ length: 20 }, (_, i) => [`teacher.block.${i}.weight`, LEFT_OVER] as const);
  Deno.writeFileSync(from, concatenate(encodeSafetensors(new Map([...plain, ...more]))));
  const short = await runImport(["--from", from, "--out", out]);
  assert.match(
    short.stdout,
    /^extra {5}20 in the file but not in the model: not loaded\n {2}teacher\.block\.\* \(20\)$/m,
  );
  const { stdout } = await runImport(["--from", from, "--out", out, "--all"]);
  assert.equal(stdout.match(/^ {2}teacher\.block\.\d+\.weight$/gm)?.length, 20);
});

const REFUSED: readonly { title: string; args: () => string[]; code: number; message: RegExp | string }[] = [
  { title: "no file", args: () => [], code: 2, message: "error: required option '--from <file>' not specified\n" },
  {
    title: "a model that is none",
    args: () => ["--from", "x", "--model", "resnet"],
    code: 2,
    message: /^error: option '--model <name>' argument 'resnet' is invalid\. Allowed choices are uniformer-small, /,
  },
  {
    title: "no channels",
    args: () => ["--from", "x", "--channels", "0"],
    code: 2,
    message: /^error: option '--channels <number>' argument '0' is invalid\. Expected a whole number from 1\.\n$/,
  },
  {
    title: "a missing file",
    args: () => ["--from", `${FILES}/none.pt`],
    code: 1,
    message: `Cannot read ${FILES}/none.pt: expected an existing file or folder, got none\n`,
  },
  {
    title: "a checkpoint that would run a command",
    args: () => {
      const pickle = new PickleWriter().global("os", "system").text(`touch ${FILES}/owned`).raw(0x85, "R");
      Deno.writeFileSync(`${FILES}/bad.pt`, writeTorchZip(pickle));
      return ["--from", `${FILES}/bad.pt`];
    },
    code: 1,
    message:
      `Cannot read ${FILES}/bad.pt: it wants to call os.system; expected tensors, numbers, texts and containers ` +
      "of them, which need no code to be run\n",
  },
  {
    title: "weights of something else",
    args: () => {
      Deno.writeFileSync(`${FILES}/other.pt`, torchCheckpoint(new Map([["layer1.weight", LEFT_OVER]])));
      return ["--from", `${FILES}/other.pt`];
    },
    code: 1,
    message:
      /^Cannot load weights from .*\/other\.pt: expected names such as "encoder\.uniformer\..*, got "layer1\.weight"\n$/,
  },
  {
    title: "weights of another model than the one named",
    args: () => ["--from", `${FILES}/theirs.pt`, "--model", "uniformer-tiny"],
    code: 1,
    message: /^Cannot load weights from .*\/theirs\.pt: expected names such as "encoder\.uniformer\./,
  },
  {
    title: "a place it may not write to",
    args: () => ["--from", `${FILES}/theirs.pt`, "--out", `${FILES}/out/x.safetensors`],
    code: 1,
    message: /^Cannot write .*\/out: expected the Deno permission --allow-write=/,
  },
];

Deno.test("import refuses what it cannot import, in words, and writes nothing", async (t) => {
  const before = [...Deno.readDirSync(FILES)].length;
  for (const { title, args, code, message } of REFUSED) {
    await t.step(title, async () => {
      const { stderr } = await runImport(args(), { code });
      if (typeof message === "string") assert.equal(stderr, message);
      else assert.match(stderr, message);
    });
  }
  assert.equal([...Deno.readDirSync(FILES)].length, before + 2);
});

Deno.test("import --help explains every option", async () => {
  const { stdout } = await runImport(["--help"]);
  for (const flag of ["from", "model", "channels", "first-conv", "out", "all"]) {
    assert.match(stdout, new RegExp(`^  --${flag} `, "m"));
  }
  for (const rule of ["skip", "mean", "replicate"]) assert.match(stdout, new RegExp(`^  ${rule} .{10}`, "m"));
});
