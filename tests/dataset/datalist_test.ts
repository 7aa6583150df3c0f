import { deepEqual, equal, throws } from "node:assert/strict";
import { type Datalist, formatDatalist, parseDatalist, resolveFile } from "../../lib/dataset/datalist.ts";

const AT = { root: "/scans", file: "list.json" };
const NAMES =
  "flair, fla, t2f, t2flair, t1, t1n, t1w, t1c, t1ce, t1gd, t1wks, t1wce, t2, t2w, mra, tof, pd, pdw, dwi, adc";

Deno.test("parseDatalist() types the official form and names subjects after their files", () => {
  const text = JSON.stringify({
    training: [
      { image: ["UCSF/P1/P1_ADC.nii.gz", "UCSF/P1/P1_T1c.nii.gz"], label: "UCSF/P1/P1_seg.nii.gz" },
      { image: ["IXI/T1/IXI002-T1.nii.gz", "IXI/PD/IXI002-PD.nii.gz"] },
      { image: "ward/case9/T1w.nii.gz" },
    ],
    validation: [{ image: ["UCSF/P2/P2_DWI.nii.gz"] }],
    description: "ignored",
  });
  deepEqual(parseDatalist(text, AT), {
    root: "/scans",
    training: [
      {
        id: "P1",
        images: [{ modality: "adc", file: "UCSF/P1/P1_ADC.nii.gz" }, {
          modality: "t1c",
          file: "UCSF/P1/P1_T1c.nii.gz",
        }],
        label: "UCSF/P1/P1_seg.nii.gz",
      },
      {
        id: "IXI002",
        images: [{ modality: "t1", file: "IXI/T1/IXI002-T1.nii.gz" }, {
          modality: "pd",
          file: "IXI/PD/IXI002-PD.nii.gz",
        }],
      },
      { id: "case9", images: [{ modality: "t1", file: "ward/case9/T1w.nii.gz" }] },
    ],
    validation: [{ id: "P2", images: [{ modality: "dwi", file: "UCSF/P2/P2_DWI.nii.gz" }] }],
  });
});

Deno.test("parseDatalist() tells subjects of one name apart by folder, then by path", () => {
  const training = ["x/a/scan_t1.nii", "x/b/scan_t1.nii", "y/b/scan_t1.nii", "lone_t1.nii"];
  const { training: subjects } = parseDatalist(JSON.stringify({ training: training.map((image) => ({ image })) }), AT);
  deepEqual(subjects.map(({ id }) => id), ["a", "x/b/scan", "y/b/scan", "lone"]);
});

Deno.test("formatDatalist() is the inverse of parseDatalist()", () => {
  const form = {
    training: [{ image: ["a/p_t1.nii", "a/p_t2.nii"], label: "a/p_seg.nii" }],
    validation: [{ image: ["b/q_pd.nii"] }],
  };
  const text = formatDatalist(parseDatalist(JSON.stringify(form), AT));
  deepEqual(JSON.parse(text), form);
  equal(formatDatalist(parseDatalist(text, AT)), text);
});

Deno.test("parseDatalist() reads lists of the official form for every pre-training set as they are", () => {
  const official: Readonly<Record<string, { image: string[]; label?: string; modalities: string }>> = {
    "BraTS2021_00000": {
      image: ["flair", "t1", "t1ce", "t2"].map((kind) => `Train/BraTS2021_00000/BraTS2021_00000_${kind}.nii.gz`),
      modalities: "flair t1 t1c t2",
    },
    "BraTS-MEN-00004-000": {
      image: ["t1c", "t1n", "t2f", "t2w"].map((kind) => `BraTS-MEN-00004-000/BraTS-MEN-00004-000-${kind}.nii.gz`),
      label: "BraTS-MEN-00004-000/BraTS-MEN-00004-000-seg.nii.gz",
      modalities: "t1c t1 flair t2",
    },
    "UCSF-PDGM-0515": {
      image: ["ADC", "DWI", "FLAIR", "T1", "T1c", "T2"].map((kind) => {
        return `UCSF-PDGM-0515_nifti/UCSF-PDGM-0515_${kind}.nii.gz`;
      }),
      modalities: "adc dwi flair t1 t1c t2",
    },
    "IXI002-Guys-0828": {
      image: ["MRA", "PD", "T1", "T2"].map((kind) => `IXI002-Guys-0828/IXI002-Guys-0828-${kind}.nii.gz`),
      modalities: "mra pd t1 t2",
    },
    "sub-strokecase0001_ses-0001": {
      image: ["adc", "dwi", "FLAIR"].map((kind) => {
        return `sub-strokecase0001_ses-0001/sub-strokecase0001_ses-0001_${kind}.nii.gz`;
      }),
      label: "sub-strokecase0001_ses-0001/sub-strokecase0001_ses-0001_msk.nii.gz",
      modalities: "adc dwi flair",
    },
  };
  const form = { training: Object.values(official).map(({ modalities: _, ...entry }) => entry), validation: [] };
  const { training } = parseDatalist(JSON.stringify(form), AT);
  deepEqual(
    training.map(({ id, images }) => [id, images.map(({ modality }) => modality).join(" ")]),
    Object.entries(official).map(([id, { modalities }]) => [id, modalities]),
  );
  deepEqual(training.map(({ group }) => group), Array(5).fill(undefined));
  deepEqual(JSON.parse(formatDatalist({ root: "", training, validation: [] })), form);
});

Deno.test("formatDatalist() writes names, groups and modalities only where files do not tell them", () => {
  const datalist: Datalist = {
    root: "/scans",
    training: [
      { id: "p1", images: [{ modality: "t1", file: "a/p1_t1.nii" }] },
      { id: "TrainingData/1", images: [{ modality: "t1", file: "TrainingData/1/T1.nii" }] },
    ],
    validation: [{
      id: "vs_gk_1",
      images: [{ modality: "t1c", file: "vs_gk_1/vs_gk_t1_refT1.nii" }, { modality: "t2", file: "vs_gk_1/x_t2.nii" }],
      label: "vs_gk_1/seg.nii",
      group: "person 1",
    }],
  };
  const text = formatDatalist(datalist);
  deepEqual(JSON.parse(text), {
    training: [
      { image: ["a/p1_t1.nii"] },
      { image: ["TrainingData/1/T1.nii"], subject: "TrainingData/1" },
    ],
    validation: [{
      image: ["vs_gk_1/vs_gk_t1_refT1.nii", "vs_gk_1/x_t2.nii"],
      label: "vs_gk_1/seg.nii",
      group: "person 1",
      modalities: ["t1c", "t2"],
    }],
  });
  deepEqual(parseDatalist(text, AT), datalist);
});

Deno.test("parseDatalist() names the place and the value when the form is wrong", () => {
  const cases: [unknown, string][] = [
    [[], 'expected an object with "training", got []'],
    [{}, "expected a list of subjects at training, got nothing"],
    [{ training: {} }, "expected a list of subjects at training, got {}"],
    [{ training: [{ image: ["a_t1.nii"] }, 3] }, 'expected an object with "image" at training[1], got 3'],
    [{ training: [{ label: "x" }] }, "expected a list of paths at training[0].image, got nothing"],
    [{ training: [{ image: [] }] }, "expected at least one path at training[0].image, got []"],
    [{ training: [{ image: ["a_t1.nii", 7] }] }, "expected a path at training[0].image[1], got 7"],
    [{ training: [{ image: ["a_t1.nii"], label: [1] }] }, "expected a path at training[0].label, got [1]"],
    [{ training: [{ image: ["a_t1.nii"], group: 7 }] }, "expected a name at training[0].group, got 7"],
    [
      { training: [{ image: ["a.nii"], modalities: "t1" }] },
      'expected a list of modalities at training[0].modalities, got "t1"',
    ],
    [
      { training: [{ image: ["a.nii", "b.nii"], modalities: ["t1"] }] },
      "expected 2 names, one per image, at training[0].modalities, got 1",
    ],
    [
      { training: [{ image: ["a.nii"], modalities: ["swi"] }] },
      `expected a modality (${NAMES}) at training[0].modalities[0], got "swi"`,
    ],
    [
      { training: [{ image: ["a_t1.nii"], subject: "b" }, { image: ["b_t1.nii"] }] },
      'expected a name for each subject, got "b" twice',
    ],
    [{ training: [], validation: 0 }, "expected a list of subjects at validation, got 0"],
    [{ training: [] }, "expected at least one subject in training, got none"],
    [
      { training: [{ image: ["a_t1.nii", "a_swi.nii"] }] },
      `expected a file name that ends in a modality (${NAMES}) at training[0].image[1], got "a_swi.nii"`,
    ],
    [
      { training: [{ image: ["a_t1.nii"] }], validation: [{ image: ["b_t1.nii", "b_t2.nii", "b_t1n.nii"] }] },
      'expected each modality once at validation[0], got t1 from "b_t1.nii" and "b_t1n.nii"',
    ],
  ];
  for (const [form, reason] of cases) {
    const message = `Cannot read datalist list.json: ${reason}`;
    throws(() => parseDatalist(JSON.stringify(form), AT), { name: "DatalistError", message });
  }
});

Deno.test("parseDatalist() rejects text that is not JSON and a subject that occurs twice", () => {
  throws(() => parseDatalist("{oops", AT), {
    name: "DatalistError",
    message: /^Cannot read datalist list\.json: expected JSON, got .+/,
  });
  const twice = { training: [{ image: ["a/p_t1.nii"] }], validation: [{ image: ["a/p_t1.nii"] }] };
  throws(() => parseDatalist(JSON.stringify(twice), AT), {
    name: "DatalistError",
    message: 'Cannot read datalist list.json: expected each subject once, got one with "a/p_t1.nii" and "a/p_t1.nii"',
  });
});

Deno.test("resolveFile() joins relative paths and leaves absolute ones", () => {
  equal(resolveFile("/scans/", "a/b.nii"), "/scans/a/b.nii");
  equal(resolveFile("/scans", "/else/b.nii"), "/else/b.nii");
  equal(resolveFile("/scans", "D:\\else\\b.nii"), "D:\\else\\b.nii");
  equal(resolveFile("", "a/b.nii"), "a/b.nii");
});

Deno.test("parseDatalist() takes a number for a label: a class", () => {
  const text = JSON.stringify({ training: [{ image: ["a_t1.nii"], label: 1 }, { image: ["b_t1.nii"], label: "HGG" }] });
  deepEqual(parseDatalist(text, AT).training.map(({ label }) => label), ["1", "HGG"]);
});
