import assert from "node:assert/strict";
import { runPhantom } from "../../../tasks/phantom.ts";

/** Runs the task and collects what it prints. */
async function run(...args: string[]): Promise<{ status: number; out: string; error: string }> {
  const printed = { out: "", error: "" };
  const status = await runPhantom(args, {
    out: (text) => printed.out += text,
    error: (text) => printed.error += text,
    isTerminal: false,
  });
  return { status, ...printed };
}

Deno.test("runPhantom() generates a cohort, leaves it the second time and refuses another in its place", async () => {
  const parent = await Deno.makeTempDir();
  try {
    const folder = `${parent}/cohort`, args = ["--subjects", "2", "--size", "16", "--out", folder];
    const first = await run(...args);
    assert.deepEqual([first.status, first.error], [0, ""]);
    assert.equal(
      first.out,
      "1/2 phantom-0000\n2/2 phantom-0001\n" +
        `2 subjects (1 brats, 1 ucsf; 0 for validation): 2 generated\n${folder}/datalist.json\n`,
    );
    const files = (await Array.fromAsync(Deno.readDir(`${folder}/phantom-0000`))).map(({ name }) => name);
    assert.ok(files.includes("phantom-0000_t1.nii.gz"), files.join(", "));
    const second = await run(...args);
    assert.match(second.out, /^2 subjects .*: already there, nothing written\n/);
    const other = await run(...args, "--seed", "9");
    assert.equal(other.status, 1);
    assert.match(other.error, /^Cannot write phantom cohort to .*"seed":0.*, got .*"seed":9/);
    const parentResult = await run("--out", parent);
    assert.equal(
      parentResult.error,
      `Cannot write phantom cohort to ${parent}: expected an empty folder or a phantom cohort, got other files\n`,
    );
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("runPhantom() overwrites one line of progress on a terminal", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/.hidden`, "does not count as content");
    let out = "";
    const output = { out: (text: string) => out += text, error: assert.fail, isTerminal: true };
    assert.equal(await runPhantom(["--subjects", "1", "--size", "16", "--out", `${folder}/`], output), 0);
    const blank = " ".repeat("1/1 phantom-0000".length);
    assert.equal(
      out,
      `\r1/1 phantom-0000\r${blank}\r1 subject (1 brats; 0 for validation): 1 generated\n${folder}/datalist.json\n`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("runPhantom() rejects bad values by the name of the option", async () => {
  const rejects = async (args: string[], message: string): Promise<void> => {
    const { status, error } = await run(...args);
    assert.equal(status, 2);
    assert.match(error, new RegExp(message));
  };
  await rejects(["--out", "x", "--size", "4"], "'--size <n>'.*Expected an integer from 16 to 512, got \"4\"");
  await rejects(["--out", "x", "--subjects", "many"], "'--subjects <n>'.*got \"many\"");
  await rejects(["--out", "x", "--seed", "-1"], "'--seed <n>'.*got \"-1\"");
  await rejects(["--size", "32"], "'--out <folder>' not specified");
  await rejects(["--out", "x", "--colour"], "unknown option '--colour'");
});

Deno.test("runPhantom() explains every option with --help", async () => {
  const { status, out } = await run("--help");
  assert.equal(status, 0);
  for (const option of ["--out", "--subjects", "--size", "--seed"]) assert.ok(out.includes(option), option);
});
