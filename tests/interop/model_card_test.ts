import assert from "node:assert/strict";
import { formatModelCard, type ModelCard } from "../../lib/interop/mod.ts";

const CARD: ModelCard = {
  model: {
    name: "uniformer-tiny",
    backbone: "uniformer",
    sizes: { inChannels: "1", embedDims: "[8, 32]" },
    divisor: 16,
    values: { network: 1377673, trained: 1200345, buffers: 677, templates: 512000 },
  },
  recipe: {
    name: "quick",
    changes: [{ option: "method.maskRatio", value: "0.5", paper: "0.875" }, { option: "a", value: "x|y", paper: "–" }],
    cropSize: [32, 48, 64],
    spacingMm: [4, 4, 3.5],
    percentiles: [5, 95],
  },
  progress: { updates: 1800, epochs: 120, plannedEpochs: 120 },
  data: {
    origin: "folder scans",
    synthetic: false,
    training: { subjects: 63, modalities: { t1: 60, flair: 63 } },
    heldOut: { subjects: 7, modalities: { t1: 7, adc: 1 } },
  },
  scores: { table: "| loss | PSNR dB |\n| ---- | ------: |\n| CMR  |   16.71 |", updates: 1795 },
  environment: { backend: "simd (2 threads)", deno: "2.9.6" },
  templates: { order: ["flair", "t1"], used: ["t1"], size: [40, 41, 42], spacingMm: [4.800000190734863, 4.75, 3] },
  onnx: { size: null },
};

/** The text between a heading and the next. */
function sectionOf(card: ModelCard, heading: string): string {
  const [, section] = formatModelCard(card).split(`\n## ${heading}\n\n`);
  return section.split("\n\n## ")[0];
}

Deno.test("formatModelCard() writes its sections in one order, each once, and ends in one newline", () => {
  const text = formatModelCard(CARD);
  assert.match(text, /^# uniformer-tiny, pre-trained on multi-parametric brain MRI\n\n/);
  assert.deepEqual([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading), [
    ...["Files", "Architecture", "Recipe", "Data", "Measured", "Inputs", "How to load"],
    ...["Intended use and limits", "Licence and citation"],
  ]);
  assert.match(text, /[^\n]\n$/);
  assert.doesNotMatch(text, /undefined|NaN|\[object/);
});

Deno.test("formatModelCard() gives the parameters, those trained apart", () => {
  const section = sectionOf(CARD, "Architecture");
  assert.match(section, /^\| parameters of the network \| 1,377,673 \|$/m);
  assert.match(section, /^\| of these trained \| 1,200,345 \|$/m);
  assert.match(section, /^\| parameters of the templates \| 512,000 \(`rep_template`\) \|$/m);
  assert.match(section, /^\| embedDims \| \[8, 32\] \|$/m);
});

Deno.test("formatModelCard() lists what differs from the paper, with bars escaped, or says that nothing does", () => {
  const section = sectionOf(CARD, "Recipe");
  assert.match(section, /^\| `method.maskRatio` \| 0.5 \| 0.875 \|$/m);
  assert.match(section, /^\| `a` \| x\\\|y \| – \|$/m);
  const paper = { ...CARD, recipe: { ...CARD.recipe, name: "paper", changes: [] } };
  assert.equal(sectionOf(paper, "Recipe"), "`paper`: every option as the paper states it.");
});

Deno.test("formatModelCard() counts subjects and modalities of both sides, zeros included", () => {
  assert.equal(
    sectionOf(CARD, "Data"),
    [
      "Origin: folder scans.",
      "",
      "|  | training | held out |",
      "| --- | --- | --- |",
      "| subjects | 63 | 7 |",
      "| with t1 | 60 | 7 |",
      "| with flair | 63 | 0 |",
      "| with adc | 0 | 1 |",
    ].join("\n"),
  );
});

Deno.test("formatModelCard() hands on the table of scores with its environment, or says that nothing was measured", () => {
  const section = sectionOf(CARD, "Measured");
  assert.match(section, /after 1,795 updates: /);
  assert.ok(section.includes(`\n${CARD.scores!.table}\n`));
  assert.ok(section.endsWith("- backend: simd (2 threads)\n- deno: 2.9.6"));
  const unmeasured = { ...CARD, scores: null };
  assert.equal(sectionOf(unmeasured, "Measured"), "Nothing: the run was not validated.");
  assert.match(sectionOf(unmeasured, "Intended use and limits"), /^- Validated for nothing at all\.$/m);
});

Deno.test("formatModelCard() says what inputs need", () => {
  const section = sectionOf(CARD, "Inputs");
  assert.match(section, /^2\. Resampled to 4 × 4 × 3\.5 mm \(x, y, z\), trilinear\.$/m);
  assert.match(section, /percentile 5 becomes 0 and percentile 95 becomes 1/);
  assert.match(section, /^5\. Crops of 32 × 48 × 64 voxels .* multiples of 16\.$/m);
  const own = { ...CARD, recipe: { ...CARD.recipe, spacingMm: null } };
  assert.match(sectionOf(own, "Inputs"), /^2\. Not resampled: /m);
});

Deno.test("formatModelCard() says which decoders serve pre-training only", () => {
  const unet3d = { ...CARD, model: { ...CARD.model, backbone: "unet3d" as const } };
  assert.match(
    sectionOf(CARD, "Architecture"),
    /^UniFormer .* linear decoder without .*, which only pre-training uses\.$/m,
  );
  assert.match(
    sectionOf(unet3d, "Architecture"),
    /^UNET3D .* Segmentation adds them, and starts from the decoder too\.$/m,
  );
});

Deno.test("formatModelCard() describes encoder.onnx only when it is there, with the axes of its backbone", () => {
  assert.match(
    sectionOf(CARD, "How to load"),
    /`\[N, 1, x, y, z\]`, sizes that are multiples of 16; .*`\[N, C, z, x, y\]`/,
  );
  const unet3d: ModelCard = {
    ...CARD,
    model: { ...CARD.model, backbone: "unet3d", divisor: 8 },
    onnx: { size: [96, 96, 80] },
  };
  assert.match(sectionOf(unet3d, "How to load"), /`\[N, 1, x, y, z\]`, 96 × 96 × 80; .*`\[N, C, x, y, z\]`/);
  assert.doesNotMatch(formatModelCard({ ...CARD, onnx: null }), /onnx/i);
});

Deno.test("formatModelCard() gives the grid of the templates without the noise of single precision", () => {
  assert.match(
    sectionOf(CARD, "Files"),
    /templates of t1: 40 × 41 × 42 voxels of 4\.8 × 4\.75 × 3 mm \(x, y, z\), RAS\+/,
  );
});

Deno.test("formatModelCard() says that phantoms are no patients and an unfinished run is unfinished", () => {
  assert.match(formatModelCard(CARD), /on 63 subjects by the method/);
  assert.doesNotMatch(formatModelCard(CARD), /phantom|not finished/);
  const text = formatModelCard({
    ...CARD,
    data: { ...CARD.data, synthetic: true },
    progress: { updates: 1, epochs: 1, plannedEpochs: 1500 },
  });
  assert.match(text, /on 63 synthetic subjects by the method/);
  assert.match(text, /the model has seen no real scan/);
  assert.match(text, /1 optimiser update, 1 of 1,500 epochs\.\n\n\*\*The run was not finished\.\*\*/);
});
