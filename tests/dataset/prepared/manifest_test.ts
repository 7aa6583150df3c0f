import { deepEqual, doesNotThrow, equal, throws } from "node:assert/strict";
import {
  checkParameters,
  differencesBetween,
  formatPrepared,
  makeManifest,
  makePlan,
  parseManifest,
  parsePlan,
  plannedSubjects,
  preparedDatalist,
  subjectFolder,
} from "../../../lib/dataset/prepared/manifest.ts";
import type { PrepareParameters, Subject } from "../../../lib/dataset/mod.ts";

const PREPROCESS = { spacingMm: [1, 1, 1] as [number, number, number], lowerPercentile: 5, upperPercentile: 95 };
const PRETRAIN: PrepareParameters = { purpose: "pretrain", preprocess: PREPROCESS, storage: "float16" };

function subject(id: string, group?: string): Subject {
  return { id, images: [{ modality: "t1", file: `${id}.nii` }], ...(group === undefined ? {} : { group }) };
}

const PLAN = makePlan({ training: [subject("a", "p"), subject("b")], validation: [subject("c")] }, PRETRAIN);

Deno.test("parsePlan() and parseManifest() undo formatPrepared()", () => {
  deepEqual(parsePlan(formatPrepared(PLAN), "plan.json"), PLAN);
  const manifest = makeManifest(PLAN, {
    sha256: new Map([["c", "2"], ["a", "1"]]),
    quarantine: new Map([["b", "bad"]]),
  });
  deepEqual(parseManifest(formatPrepared(manifest), "manifest.json"), manifest);
});

Deno.test("makeManifest() orders by the plan, not by who was done first", () => {
  const quarantine = new Map([["b", "bad"]]);
  const texts = [["a", "c"], ["c", "a"]].map((order) => {
    return formatPrepared(makeManifest(PLAN, { sha256: new Map(order.map((id) => [id, `of ${id}`])), quarantine }));
  });
  equal(texts[0], texts[1]);
  deepEqual(Object.keys(JSON.parse(texts[0]).sha256), ["a", "c"]);
});

Deno.test("preparedDatalist() leaves out what is in quarantine", () => {
  const manifest = makeManifest(PLAN, {
    sha256: new Map([["a", "1"], ["c", "2"]]),
    quarantine: new Map([["b", "bad"]]),
  });
  const { root, training, validation } = preparedDatalist(manifest, "prepared");
  deepEqual([root, training, validation], ["prepared", [subject("a", "p")], [subject("c")]]);
  deepEqual(plannedSubjects(PLAN).map(({ id }) => id), ["a", "b", "c"]);
});

Deno.test("parseManifest() says what was expected of a file that is none", () => {
  for (const text of ["{", "{}", formatPrepared(PLAN)]) {
    throws(() => parseManifest(text, "x/manifest.json"), {
      name: "DatalistError",
      message: /^Cannot read x\/manifest.json: expected what deno task prepare writes \(format 1\), got /,
    });
  }
});

Deno.test("checkParameters() accepts what it was prepared with and names both sides of everything else", () => {
  const { purpose, preprocess } = PRETRAIN as Extract<PrepareParameters, { purpose: "pretrain" }>;
  doesNotThrow(() => checkParameters(PRETRAIN, { asked: { purpose, preprocess }, folder: "d" }));
  const asked = { purpose, preprocess: { ...PREPROCESS, spacingMm: null, upperPercentile: 99 } };
  throws(() => checkParameters(PRETRAIN, { asked, folder: "d" }), {
    name: "ConfigError",
    message: "Cannot use d: it was prepared with other options:" +
      "\n  preprocess.spacingMm: prepared with [1, 1, 1], asked for null" +
      "\n  preprocess.upperPercentile: prepared with 95, asked for 99" +
      "\nPrepare the scans again into another folder, or ask for what they were prepared with",
  });
});

Deno.test("differencesBetween() sees what one side lacks, and not how it is stored", () => {
  const downstream = { ...PREPROCESS, clip: true, scaleOver: "foreground", foreground: "centred", margin: 0 } as const;
  const asked = { purpose: "finetune", modalities: ["t1"], labels: null, preprocess: downstream } as const;
  const paths = differencesBetween(PRETRAIN, { ...asked, modalities: ["t1"] } as PrepareParameters).map(({ path }) =>
    path
  );
  deepEqual(paths.slice(0, 1), ["purpose"]);
  equal(paths.includes("preprocess.clip"), true);
  deepEqual(differencesBetween(PRETRAIN, { ...PRETRAIN, storage: "uint8" } as PrepareParameters), []);
});

Deno.test("subjectFolder() gives every id a name of its own that any file system takes", () => {
  equal(subjectFolder("sub-01_ses-2"), "sub-01_ses-2");
  equal(subjectFolder("site/sub 1*"), "site%2Fsub%201%2A");
  equal(subjectFolder(".."), "%2E.");
  equal(subjectFolder(".tmp-0of1-0-a"), "%2Etmp-0of1-0-a");
});
