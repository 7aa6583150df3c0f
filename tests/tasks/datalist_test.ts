import assert from "node:assert/strict";
import { parseDatalist } from "../../lib/dataset/mod.ts";
import { tinyNifti } from "../dataset/_tiny_nifti.ts";

const ROOT = new URL("../../", import.meta.url);
/** The task may write under runs/ and data/ only. */
const RUNS = `runs/test-datalist-${crypto.randomUUID()}`;
const SCANS = Deno.makeTempDirSync();

Deno.test.beforeAll(() => {
  Deno.mkdirSync(RUNS, { recursive: true });
  writeTree();
});
Deno.test.afterAll(() => {
  for (const folder of [SCANS, RUNS]) Deno.removeSync(folder, { recursive: true });
});

/** Twelve persons with two visits each, and one of everything that can be wrong. */
function writeTree(): void {
  let voxel = 0;
  const write = (path: string, size = 14): void => {
    Deno.mkdirSync(`${SCANS}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    const value = voxel++;
    Deno.writeFileSync(`${SCANS}/${path}`, tinyNifti([14, 14, size], { voxel: (i) => i + value }));
  };
  for (let person = 0; person < 12; person++) {
    for (const visit of ["000", "001"]) {
      const id = `BraTS-GLI-${String(person).padStart(5, "0")}-${visit}`;
      for (const kind of ["t1n", "t2f"]) write(`${id}/${id}-${kind}.nii`);
      if (visit === "000") write(`${id}/${id}-seg.nii`);
    }
  }
  const odd = "BraTS-GLI-00000-001/BraTS-GLI-00000-001";
  write(`${odd}-t2w.nii`, 13);
  write(`${odd}-t1n-voided.nii`);
  Deno.copyFileSync(`${SCANS}/${odd}-t1n.nii`, `${SCANS}/BraTS-GLI-00003-000/BraTS-GLI-00003-000-t1n.nii`);
  Deno.truncateSync(`${SCANS}/BraTS-GLI-00004-000/BraTS-GLI-00004-000-t2f.nii`, 5000);
}

/** Runs the task with the permissions that `deno task datalist` has. */
async function runDatalist(args: readonly string[], { code = 0 }: { code?: number } = {}): Promise<{
  stdout: string;
  stderr: string;
}> {
  const { code: got, stdout, stderr } = await new Deno.Command("deno", {
    args: ["run", "-q", "-P=datalist", "tasks/datalist.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const texts = { stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  assert.equal(got, code, `status of ${args.join(" ")}\n${texts.stdout}\n${texts.stderr}`);
  return texts;
}

Deno.test("datalist writes a list that splits by person, and reports what is in it and what is wrong", async () => {
  const out = `${RUNS}/new/gli.json`;
  const { stdout, stderr } = await runDatalist(["--root", SCANS, "--out", out, "--validation", "0.3", "--seed", "1"]);
  assert.match(stderr, /headers/);
  const { training, validation } = parseDatalist(Deno.readTextFileSync(out), { root: SCANS, file: out });
  assert.equal(training.length + validation.length, 24);
  const held = new Set(validation.map(({ group }) => group));
  assert.equal(held.size * 2, validation.length);
  assert.ok(held.size > 0 && !training.some(({ group }) => held.has(group)));
  assert.deepEqual(stdout.split("\n"), [
    `root        ${SCANS}`,
    "layout      BraTS 2023, recognised by 49 images",
    "subjects    24 subjects of 12 persons, 12 with a label",
    `split       ${training.length} for training, ${validation.length} held out (seed 1)`,
    "",
    "  flair t1      subjects",
    "  x     x             23",
    "  -     x              1",
    "  23    24            24",
    "",
    "grids       14 × 14 × 14 voxels of 1 × 1 × 1 mm: 24 subjects",
    "other grids BraTS-GLI-00000-001/BraTS-GLI-00000-001-t2w.nii (left out)",
    "duplicates  BraTS-GLI-00000-001/BraTS-GLI-00000-001-t1n.nii = BraTS-GLI-00003-000/BraTS-GLI-00003-000-t1n.nii",
    "doubtful    none",
    "left out    3 files",
    "  1 file: BraTS 2023 has it, but it is none of the eight modalities and no label",
    "    BraTS-GLI-00000-001/BraTS-GLI-00000-001-t1n-voided.nii",
    "  1 file: Cannot stack BraTS-GLI-00000-001/BraTS-GLI-00000-001-t2f.nii and " +
    "BraTS-GLI-00000-001/BraTS-GLI-00000-001-t2w.nii: expected one voxel grid, got shapes [14, 14, 14] and " +
    "[14, 14, 13]; register and resample the scans of a subject to one grid first",
    "    BraTS-GLI-00000-001/BraTS-GLI-00000-001-t2w.nii",
    `  1 file: Cannot read ${SCANS}/BraTS-GLI-00004-000/BraTS-GLI-00004-000-t2f.nii: the file is cut off: ` +
    "expected 11328 bytes, got 5000",
    "    BraTS-GLI-00004-000/BraTS-GLI-00004-000-t2f.nii",
    "",
    `written     ${out}`,
    `            ${RUNS}/new/gli.report.txt`,
    "",
  ]);
  const report = Deno.readTextFileSync(`${RUNS}/new/gli.report.txt`);
  assert.equal(report.match(/^ {2}(flair|-) +t1 +BraTS-GLI-\d{5}-00[01] {2}(training|validation)/gm)?.length, 24);
});

Deno.test("datalist --no-headers looks at names only and takes all images for good", async () => {
  const out = `${RUNS}/names.json`;
  const { stdout } = await runDatalist(["--root", SCANS, "--out", out, "--no-headers", "--validation", "0"]);
  const { training, validation } = JSON.parse(Deno.readTextFileSync(out));
  assert.deepEqual([training.length, validation], [24, []]);
  assert.equal(training[1].image.length, 3);
  assert.match(stdout, /^headers {5}not read: grids, duplicates and damaged files are unknown\nleft out {4}1 file$/m);
});

Deno.test("datalist takes a layout by name, and plain folders by the names' ends", async () => {
  const out = `${RUNS}/plain.json`;
  const { stdout } = await runDatalist(["--root", `${SCANS}/`, "--out", out, "--layout", "plain"]);
  assert.match(stdout, /^layout {6}plain folders, as asked for$/m);
  assert.match(stdout, /^duplicates {2}BraTS-GLI-00000-001\/.* = BraTS-GLI-00003-000\//m);
  assert.equal(JSON.parse(Deno.readTextFileSync(out)).training[0].group, undefined);
});

const REFUSED: readonly { title: string; args: readonly string[]; code: number; message: RegExp | string }[] = [
  { title: "no folder", args: [], code: 2, message: "error: required option '--root <folder>' not specified\n" },
  {
    title: "a share of all",
    args: ["--root", SCANS, "--validation", "1"],
    code: 2,
    message:
      "error: option '--validation <share>' argument '1' is invalid. Expected a number of at least 0 and below 1.\n",
  },
  {
    title: "a seed that is none",
    args: ["--root", SCANS, "--seed", "-1"],
    code: 2,
    message: "error: option '--seed <number>' argument '-1' is invalid. Expected a whole number from 0.\n",
  },
  {
    title: "an unknown layout",
    args: ["--root", SCANS, "--layout", "brats"],
    code: 2,
    message: /^Cannot use layout: expected auto, plain, or some of brats2021, .*, got "brats"\n$/,
  },
  {
    title: "a missing folder",
    args: ["--root", `${SCANS}/none`],
    code: 1,
    message: /^Cannot list .*\/none: expected an existing file or folder, got none\n$/,
  },
  {
    title: "a layout that finds nothing",
    args: ["--root", SCANS, "--layout", "ixi", "--out", `${RUNS}/x.json`],
    code: 1,
    message:
      /^Cannot find subjects under ".*": expected images of IXI \(such as .*\), got none among 62 files, e\.g\. .*\n$/,
  },
  {
    title: "a place it may not write to",
    args: ["--root", SCANS, "--out", `${SCANS}/out/list.json`],
    code: 1,
    message: /^Cannot write .*\/out: expected the Deno permission --allow-write=/,
  },
];

Deno.test("datalist refuses what it cannot do in one line, and writes nothing", async (t) => {
  for (const { title, args, code, message } of REFUSED) {
    await t.step(title, async () => {
      const { stdout, stderr } = await runDatalist(args, { code });
      assert.equal(stdout, "");
      assert.equal(stderr.trimEnd().split("\n").length, 1);
      if (typeof message === "string") assert.equal(stderr, message);
      else assert.match(stderr, message);
    });
  }
  assert.throws(() => Deno.statSync(`${RUNS}/x.json`), Deno.errors.NotFound);
});

Deno.test("datalist --help lists every option and layout", async () => {
  const { stdout } = await runDatalist(["--help"]);
  for (const flag of ["root", "layout", "out", "validation", "seed", "no-headers"]) {
    assert.match(stdout, new RegExp(`^  --${flag} `, "m"));
  }
  for (const name of ["brats2021", "bids", "plain"]) assert.match(stdout, new RegExp(`^  ${name} +\\S`, "m"));
});
