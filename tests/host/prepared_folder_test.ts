import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { encodeSubject, makePlan, type PreparePlan } from "../../lib/dataset/mod.ts";
import { PreparedFolder, sha256 } from "../../lib/host/prepared_folder.ts";
import { countedStack } from "../dataset/prepared/_memory_store.ts";
import { contentOf, subjectsIn, tinyPlan, withFolder } from "./_prepared.ts";

const TAG = "0of1-0";

function group(id: string): ReturnType<typeof encodeSubject> {
  const compress = (bytes: Uint8Array): Uint8Array => bytes;
  return encodeSubject(countedStack([4, 3, 2]), { id, sources: [], storage: "uint8", compress });
}

Deno.test("PreparedFolder writes a manifest once every subject is there or in quarantine", () =>
  withFolder(async (path) => {
    const plan = tinyPlan(["a", "b/1", "bad"]);
    const folder = new PreparedFolder(path);
    equal(await folder.isPrepared(), false);
    await folder.begin(plan);
    equal(await folder.isPrepared(), true);
    await rejects(folder.readManifest(), { name: "ConfigError", message: /found no manifest.json; go on with/ });
    await folder.publish(group("b/1"), { tag: TAG });
    await folder.quarantine("bad", "no NIfTI");
    equal(await folder.finish(plan), undefined);
    await folder.publish(group("a"), { tag: TAG });
    const manifest = await folder.finish(plan);
    deepEqual(manifest?.quarantine, [{ id: "bad", reason: "no NIfTI" }]);
    deepEqual(manifest?.sha256, { a: await folder.hashOf("a"), "b/1": await folder.hashOf("b/1") });
    deepEqual(await subjectsIn(path), ["a", "b%2F1"]);
    deepEqual((await folder.readManifest()).manifest, manifest);
    deepEqual(await folder.affineOf("a"), countedStack([4, 3, 2]).affine);
  }));

Deno.test("PreparedFolder.publish() takes a subject out of quarantine and bears a second writer", () =>
  withFolder(async (path) => {
    const folder = new PreparedFolder(path);
    await folder.begin(tinyPlan(["a"]));
    await folder.quarantine("a", "not yet");
    deepEqual([...await folder.quarantined(tinyPlan(["a"]).training)], [["a", "not yet"]]);
    await folder.publish(group("a"), { tag: TAG });
    deepEqual([...await folder.quarantined(tinyPlan(["a"]).training)], []);
    const before = await contentOf(path);
    await folder.publish(group("a"), { tag: "1of2-0" });
    deepEqual(await contentOf(path), before);
  }));

Deno.test("PreparedFolder.sweep() removes what writers of its own name left, finish() all of it", () =>
  withFolder(async (path) => {
    const plan = tinyPlan(["a"]);
    const folder = new PreparedFolder(path);
    await folder.begin(plan);
    for (const tag of ["0of1-0", "0of1-3", "0of10-0"]) await Deno.mkdir(`${path}/subjects/.tmp-${tag}-a`);
    await folder.sweep("0of1");
    const hidden = async (): Promise<string[]> =>
      (await Array.fromAsync(Deno.readDir(`${path}/subjects`))).map(({ name }) => name).filter((n) =>
        n.startsWith(".")
      );
    deepEqual(await hidden(), [".tmp-0of10-0-a"]);
    await folder.publish(group("a"), { tag: TAG });
    await folder.finish(plan);
    deepEqual(await hidden(), []);
  }));

Deno.test("PreparedFolder.begin() goes on with more subjects, not with other options or files", () =>
  withFolder(async (path) => {
    const folder = new PreparedFolder(path);
    await folder.begin(tinyPlan(["a"]));
    await folder.publish(group("a"), { tag: TAG });
    ok(await folder.finish(tinyPlan(["a"])));
    // The same again changes nothing.
    const before = await contentOf(path);
    await folder.begin(tinyPlan(["a"]));
    deepEqual(await contentOf(path), before);

    await folder.begin(tinyPlan(["a", "b"]));
    await rejects(folder.readManifest(), { message: /found no manifest.json/ });
    equal(await folder.finish(tinyPlan(["a", "b"])), undefined);

    await rejects(folder.begin(tinyPlan(["a", "b"], "float16")), {
      name: "ConfigError",
      message: `Cannot prepare in ${path}: it was started with other options:` +
        "\n  storage: started with float32, asked for float16",
    });
    const plan: PreparePlan = tinyPlan(["a", "b"]);
    const spaced = {
      ...plan,
      parameters: { ...plan.parameters, preprocess: { ...plan.parameters.preprocess, lowerPercentile: 1 } },
    };
    await rejects(folder.begin(spaced as PreparePlan), {
      message: /preprocess.lowerPercentile: started with 5, asked for 1/,
    });
    const moved = plan.training.map((each) => ({ ...each, images: [{ modality: "t1" as const, file: "other.nii" }] }));
    await rejects(folder.begin(makePlan({ training: moved, validation: [] }, plan.parameters)), {
      message: `Cannot prepare in ${path}: expected subject a with the files it was started with, got others`,
    });
  }));

Deno.test("PreparedFolder.begin() leaves a folder of something else alone", () =>
  withFolder(async (path) => {
    await Deno.mkdir(`${path}/subjects/mine`, { recursive: true });
    await rejects(new PreparedFolder(path).begin(tinyPlan(["a"])), {
      message: `Cannot prepare in ${path}: expected a new folder or a plan.json in it, found neither`,
    });
  }));

Deno.test("PreparedFolder.damageOf() finds a changed, a missing and an exchanged file; discard() makes room", () =>
  withFolder(async (path) => {
    const plan = tinyPlan(["a"]);
    const folder = new PreparedFolder(path);
    await folder.begin(plan);
    const shard = `${path}/subjects/a/image/c/0/0/0/0`;
    const make = async (): Promise<string> => {
      await folder.publish(group("a"), { tag: TAG });
      await folder.finish(plan);
      return (await folder.hashOf("a"))!;
    };
    const hash = await make();
    equal(await folder.damageOf("a", hash), undefined);
    const bytes = await Deno.readFile(shard);
    bytes[3] ^= 1;
    await Deno.writeFile(shard, bytes);
    deepEqual(await folder.damageOf("a", hash), { id: "a", reason: `${shard} has changed` });
    await Deno.remove(shard);
    ok((await folder.damageOf("a", hash))?.reason.startsWith(`Cannot read ${shard}: `));
    deepEqual(await folder.damageOf("a", sha256(new Uint8Array())), {
      id: "a",
      reason: `${path}/subjects/a/zarr.json has changed`,
    });
    await folder.discard("a");
    equal(await folder.hashOf("a"), undefined);
    equal(await make(), hash);
  }));

Deno.test("sha256() gives the published value of an empty file", () => {
  equal(sha256(new Uint8Array()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});
