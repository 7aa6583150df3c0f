import assert from "node:assert/strict";
import { resolveConfig } from "../../lib/config.ts";
import { RECIPES, recipeSchema, type ResolvedRecipe } from "../../recipes/mod.ts";
import { type DataArguments, gatherData, type RunData } from "../../tasks/_run_data.ts";
import { writeScan } from "./_pretrain_run.ts";

const SCANS = Deno.makeTempDirSync();
Deno.test.afterAll(() => Deno.removeSync(SCANS, { recursive: true }));

const RECIPE: ResolvedRecipe = resolveConfig(recipeSchema, RECIPES.quick.recipe);

/** Writes scans under a new folder; those with a `!` in front lie on another grid. */
function folderOf(name: string, files: readonly string[]): string {
  for (const file of files) {
    const path = `${SCANS}/${name}/${file.replace("!", "")}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    writeScan(path, { size: file.startsWith("!") ? [5, 5, 5] : [6, 6, 6] });
  }
  return `${SCANS}/${name}`;
}

async function gather(args: DataArguments): Promise<{ data: RunData; printed: string[] }> {
  const printed: string[] = [];
  const data = await gatherData(args, { recipe: RECIPE, print: (line) => printed.push(line) });
  return { data, printed };
}

/** Three persons with two visits each. */
const VISITS = [1, 2, 3].flatMap((person) =>
  ["000", "001"].flatMap((visit) => {
    const id = `BraTS-GLI-0000${person}-${visit}`;
    return ["t1n", "t2f"].map((kind) => `${id}/${id}-${kind}.nii`);
  })
);

Deno.test("gatherData() reads a folder by the layout it recognises, and holds out whole persons", async () => {
  const root = folderOf("gli", VISITS);
  const { data, printed } = await gather({ data: root });
  assert.equal(data.origin, `folder ${root} (BraTS 2023)`);
  assert.deepEqual(printed, []);
  assert.equal(data.training.length + data.validation.length, 6);
  const held = new Set(data.validation.map(({ group }) => group));
  assert.ok(held.size > 0 && data.validation.length === 2 * held.size);
  assert.ok(data.training.every(({ group }) => group !== undefined && !held.has(group)));
});

Deno.test("gatherData() reads plain folders where no layout fits, or when told to", async () => {
  const root = folderOf("plain", ["a/p_t1.nii", "a/p_t2.nii", "b/q_t1.nii", "b/q_ct.nii", "!b/q_t2.nii"]);
  const { data, printed } = await gather({ data: root });
  assert.equal(data.origin, `folder ${root} (plain folders)`);
  assert.equal(data.training.length + data.validation.length, 2);
  assert.deepEqual(printed.map((line) => line.slice(0, 40)), [
    "left out b/q_ct.nii: its name ends in no",
    "left out b/q_t2.nii: Cannot stack b/q_t1",
  ]);
  const asked = await gather({ data: folderOf("gli", VISITS), layout: "plain" });
  assert.equal(asked.data.origin, `folder ${SCANS}/gli (plain folders)`);
  assert.ok(asked.data.training.every(({ group }) => group === undefined));
});

Deno.test("gatherData() prints one line for many files that are left out for one reason", async () => {
  const junk = [1, 2, 3, 4].map((i) => `gli/BraTS-GLI-00009-000/BraTS-GLI-00009-000-x${i}.nii`);
  const root = folderOf("junk", [...VISITS, ...junk]);
  const { printed } = await gather({ data: root, layout: "brats2023" });
  const reason = "BraTS 2023 has it, but it is none of the eight modalities and no label";
  assert.deepEqual(printed, [`left out 4 files, such as ${junk[0]}: ${reason}`]);
});

Deno.test("gatherData() takes plain folders where several layouts fit; it refuses a layout without a folder, and a single person", async () => {
  const mixed = folderOf("mixed", [...VISITS, "IXI-T1/IXI002-Guys-0828-T1.nii"]);
  const plain = "plain folders, as several layouts fit; --layout brats2023,ixi reads by them";
  assert.equal((await gather({ data: mixed })).data.origin, `folder ${mixed} (${plain})`);
  assert.equal(
    (await gather({ data: mixed, layout: "brats2023,ixi" })).data.origin,
    `folder ${mixed} (BraTS 2023, IXI)`,
  );
  for (const args of [{ layout: "ixi" }, { layout: "ixi", data: mixed, datalist: "list.json" }]) {
    await assert.rejects(gather(args), {
      name: "ConfigError",
      message: "Cannot use --layout: expected --data with a folder of scans and no --datalist",
    });
  }
  await assert.rejects(gather({ data: folderOf("one", VISITS.slice(0, 4)) }), {
    name: "DatalistError",
    message: "Cannot split data: expected at least 2 persons, one of them held out, got 2 scans of one",
  });
});
