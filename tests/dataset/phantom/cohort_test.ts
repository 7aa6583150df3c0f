import assert from "node:assert/strict";
import {
  type CohortFolder,
  ensurePhantomCohort,
  generatePhantomSubject,
  planPhantomCohort,
} from "../../../lib/dataset/phantom/mod.ts";
import { parseDatalist } from "../../../lib/dataset/datalist.ts";
import { readNifti } from "../../../lib/dataset/nifti.ts";

const OPTIONS = { subjects: 7, seed: 2, size: 16 };

/** A folder in memory that fails at the write number `failAt`. */
class MemoryFolder implements CohortFolder {
  readonly name = "memory";
  readonly files = new Map<string, Uint8Array>();
  readonly written: string[] = [];
  failAt = Infinity;

  isEmpty(): Promise<boolean> {
    return Promise.resolve(this.files.size === 0);
  }
  exists(path: string): Promise<boolean> {
    return Promise.resolve(this.files.has(path));
  }
  read(path: string): Promise<Uint8Array> {
    return Promise.resolve(this.files.get(path)!);
  }
  write(path: string, content: Uint8Array): Promise<void> {
    if (this.written.length >= this.failAt) return Promise.reject(new Error("disk full"));
    this.written.push(path);
    this.files.set(path, content);
    return Promise.resolve();
  }
}

Deno.test("ensurePhantomCohort() writes images and labels, then the datalist, and last the manifest", async () => {
  const folder = new MemoryFolder(), seen: string[] = [];
  const { plans, generated } = await ensurePhantomCohort(
    { ...OPTIONS, onSubject: ({ done, total, id }) => seen.push(`${done}/${total} ${id}`) },
    folder,
  );
  assert.deepEqual(plans, planPhantomCohort(OPTIONS));
  assert.equal(generated, 7);
  assert.deepEqual([seen[0], seen[6]], ["1/7 phantom-0000", "7/7 phantom-0006"]);
  const expected = plans.flatMap(({ id, modalities, lesion }) => [
    ...modalities.map((modality) => `${id}/${id}_${modality}.nii.gz`),
    ...(lesion === "none" ? [] : [`${id}/${id}_seg.nii.gz`]),
  ]);
  assert.deepEqual(folder.written, ["phantom.json", ...expected, "datalist.json", "phantom.json"]);
});

Deno.test("ensurePhantomCohort() writes a datalist of the official form that leads to the images", async () => {
  const folder = new MemoryFolder();
  const { plans } = await ensurePhantomCohort(OPTIONS, folder);
  const text = new TextDecoder().decode(folder.files.get("datalist.json"));
  const { training, validation } = parseDatalist(text, { root: "cohort", file: "datalist.json" });
  assert.deepEqual(
    [...training, ...validation].map(({ id }) => id).sort(),
    plans.map(({ id }) => id),
  );
  assert.equal(validation.length, 3);
  const [subject] = training, plan = plans.find(({ id }) => id === subject.id)!;
  const generated = generatePhantomSubject({ ...plan, seed: 2, size: 16 });
  for (const [k, { file, modality }] of subject.images.entries()) {
    const { data, affine, size } = await readNifti(folder.files.get(file)!, file);
    assert.equal(modality, plan.modalities[k]);
    assert.deepEqual({ data, affine, size }, generated.images[k].volume);
  }
  assert.equal(subject.label === undefined, generated.label === null);
});

Deno.test("ensurePhantomCohort() writes nothing when the same cohort is there", async () => {
  const folder = new MemoryFolder();
  await ensurePhantomCohort(OPTIONS, folder);
  folder.failAt = 0;
  assert.equal((await ensurePhantomCohort({ ...OPTIONS, partialShare: 0.15 }, folder)).generated, 0);
});

Deno.test("ensurePhantomCohort() completes an interrupted cohort to the same bytes", async () => {
  const whole = new MemoryFolder(), folder = new MemoryFolder();
  await ensurePhantomCohort(OPTIONS, whole);
  folder.failAt = 12;
  await assert.rejects(ensurePhantomCohort(OPTIONS, folder), { message: "disk full" });
  folder.failAt = Infinity;
  const { generated } = await ensurePhantomCohort(OPTIONS, folder);
  assert.ok(generated > 0 && generated < 7, `${generated}`);
  assert.deepEqual(folder.files, whole.files);
});

Deno.test("ensurePhantomCohort() leaves a folder alone that holds something else", async () => {
  const folder = new MemoryFolder();
  folder.files.set("thesis.tex", new Uint8Array());
  await assert.rejects(ensurePhantomCohort(OPTIONS, folder), {
    name: "ConfigError",
    message: "Cannot write phantom cohort to memory: expected an empty folder or a phantom cohort, got other files",
  });
  assert.deepEqual(folder.written, []);
});

Deno.test("ensurePhantomCohort() leaves a cohort of other parameters alone and says which", async () => {
  const folder = new MemoryFolder();
  await ensurePhantomCohort(OPTIONS, folder);
  await assert.rejects(
    ensurePhantomCohort({ ...OPTIONS, size: 17 }, folder),
    /^ConfigError: Cannot write .* to memory: expected the cohort already there, .*"size":16.*, got .*"size":17/,
  );
});

Deno.test("ensurePhantomCohort() names a manifest that cannot be read", async () => {
  const folder = new MemoryFolder();
  folder.files.set("phantom.json", new TextEncoder().encode("{"));
  await assert.rejects(
    ensurePhantomCohort(OPTIONS, folder),
    /^ConfigError: Cannot read memory\/phantom\.json: expected JSON, got /,
  );
});
