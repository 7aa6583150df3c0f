/** Model cards: what a pre-trained model is, what was measured of it, and what it is not good for, as Markdown. */
import type { Triple } from "../geometry.ts";

/** One side of the split. */
export interface CardSubjects {
  readonly subjects: number;
  /** Subjects that have a modality, by its name. */
  readonly modalities: Readonly<Record<string, number>>;
}

/** Everything that a card says of one model; every number comes from its run. */
export interface ModelCard {
  readonly model: {
    /** Name of the preset. */
    readonly name: string;
    readonly backbone: "uniformer" | "unet3d";
    /** Sizes of the preset by name: channels, depths, … */
    readonly sizes: Readonly<Record<string, string>>;
    /** Sizes of inputs must be divisible by this. */
    readonly divisor: number;
    /** Numbers of values in the file of weights. */
    readonly values: {
      /** Of the network, without running statistics and templates. */
      readonly network: number;
      /** Those of the network that the optimiser has moved. */
      readonly trained: number;
      /** Running statistics and counts. */
      readonly buffers: number;
      readonly templates: number;
    };
  };
  readonly recipe: {
    readonly name: string;
    /** Options that are not the paper's. */
    readonly changes: readonly { readonly option: string; readonly value: string; readonly paper: string }[];
    readonly cropSize: Triple;
    readonly spacingMm: Triple | null;
    /** Percentiles of intensity that become 0 and 1. */
    readonly percentiles: readonly [number, number];
  };
  readonly progress: { readonly updates: number; readonly epochs: number; readonly plannedEpochs: number };
  readonly data: {
    readonly origin: string;
    /** True when no subject is a real one. */
    readonly synthetic: boolean;
    readonly training: CardSubjects;
    readonly heldOut: CardSubjects;
  };
  /** Scores of the last validation; null when there was none. */
  readonly scores: {
    /** Markdown table of all pairs with their baselines. */
    readonly table: string;
    /** Updates made when it was measured. */
    readonly updates: number;
  } | null;
  /** Machine and software, by name. */
  readonly environment: Readonly<Record<string, string>>;
  readonly templates: {
    /** All names along the first axis of `rep_template`, in order. */
    readonly order: readonly string[];
    /** Those that were trained, one NIfTI file each. */
    readonly used: readonly string[];
    readonly size: Triple;
    /** Voxel size of the files. */
    readonly spacingMm: Triple;
  };
  /** Whether `encoder.onnx` belongs to the export, and the size its inputs must have when that is fixed. */
  readonly onnx: { readonly size: Triple | null } | null;
}

/**
 * Writes a model card.
 *
 * It quotes no number but the card's own, names what was not measured, and leaves the licence of the weights to those who
 * publish them.
 *
 * @returns Markdown, ending in a newline
 */
export function formatModelCard(card: ModelCard): string {
  const sections = [opening, files, architecture, recipe, data, scores, inputs, loading, limits, licence];
  return sections.map((section) => section(card).join("\n")).join("\n\n") + "\n";
}

type Lines = readonly string[];

function opening({ model, recipe, progress, data }: ModelCard): Lines {
  const { updates, epochs, plannedEpochs } = progress;
  const subjects = `${plural(data.training.subjects, data.synthetic ? "synthetic subject" : "subject")}`;
  const unfinished = epochs < plannedEpochs ? ["", "**The run was not finished.**"] : [];
  return [
    `# ${model.name}, pre-trained on multi-parametric brain MRI`,
    "",
    `A 3-D vision encoder, pre-trained without labels on ${subjects} by the method of BrainMVP: cross-modal masked ` +
    "reconstruction, modal data distillation and modality-aware contrastive learning. Meant as a starting point for " +
    "training on a task of one's own; by itself it segments and classifies nothing.",
    "",
    `Recipe \`${recipe.name}\`, ${plural(updates, "optimiser update")}, ` +
    `${formatCount(epochs)} of ${plural(plannedEpochs, "epoch")}.`,
    ...unfinished,
  ];
}

function files({ templates: { used, size, spacingMm }, onnx }: ModelCard): Lines {
  const grid = `${formatTriple(size)} voxels of ${formatTriple(spacingMm)} mm (x, y, z)`;
  return [
    "## Files",
    "",
    ...table(["file", "content"], [
      [
        "`weights.safetensors`",
        "network and templates under the official names, in the official memory order, float32",
      ],
      ...onnx ? [["`encoder.onnx`", "the encoder in evaluation mode, float32, ONNX operator set 17"]] : [],
      ...used.length === 0 ? [] : [[
        "`templates/MODALITY.nii.gz`",
        `templates of ${used.join(", ")}: ${grid}, RAS+, origin at the centre, each scaled to [0, 1]`,
      ]],
    ]),
  ];
}

function architecture({ model, templates }: ModelCard): Lines {
  const { network, trained, buffers, templates: templateValues } = model.values;
  const summary = model.backbone === "uniformer"
    ? "UniFormer in 3-D with a linear decoder without skip connections, which only pre-training uses."
    : "UNET3D in 3-D with a residual decoder, in pre-training without skip connections. Segmentation adds them, and starts " +
      "from the decoder too.";
  return [
    "## Architecture",
    "",
    summary,
    "",
    ...table(["what", "value"], [
      ...Object.entries(model.sizes),
      ["parameters of the network", formatCount(network)],
      ["of these trained", formatCount(trained)],
      ["running statistics", formatCount(buffers)],
      ["parameters of the templates", `${formatCount(templateValues)} (\`rep_template\`)`],
      ["order of `rep_template`", `${templates.order.join(", ")}; axes [modality, x, y, z]`],
    ]),
  ];
}

function recipe({ recipe: { name, changes } }: ModelCard): Lines {
  if (changes.length === 0) return ["## Recipe", "", `\`${name}\`: every option as the paper states it.`];
  return [
    "## Recipe",
    "",
    `\`${name}\`. Options that differ from the paper's recipe; all others are as the paper states them.`,
    "",
    ...table(
      ["option", "here", "paper's recipe"],
      changes.map(({ option, value, paper }) => [`\`${option}\``, value, paper]),
    ),
  ];
}

function data({ data: { origin, synthetic, training, heldOut } }: ModelCard): Lines {
  const modalities = [...new Set([training, heldOut].flatMap((side) => Object.keys(side.modalities)))];
  return [
    "## Data",
    "",
    `Origin: ${origin}.${synthetic ? " **All subjects are computed phantoms; the model has seen no real scan.**" : ""}`,
    "",
    ...table(["", "training", "held out"], [
      ["subjects", formatCount(training.subjects), formatCount(heldOut.subjects)],
      ...modalities.map((modality) => [
        `with ${modality}`,
        formatCount(training.modalities[modality] ?? 0),
        formatCount(heldOut.modalities[modality] ?? 0),
      ]),
    ]),
  ];
}

function scores({ scores: measured, environment }: ModelCard): Lines {
  if (!measured) return ["## Measured", "", "Nothing: the run was not validated."];
  return [
    "## Measured",
    "",
    `Measured by the run itself on its held-out subjects after ${plural(measured.updates, "update")}: peak ` +
    "signal-to-noise ratio in dB (data range 1) in the masked blocks of centre crops, per pair of modalities. The mosaic is " +
    "the network's own input in these blocks, the mean volume that of the training subjects; `best` names the highest of " +
    "the three. No other method was run and no published number is quoted.",
    "",
    measured.table,
    "",
    "Environment of the run:",
    "",
    ...Object.entries(environment).map(([name, value]) => `- ${name}: ${value}`),
  ];
}

function inputs({ model, recipe: { cropSize, spacingMm, percentiles: [low, high] } }: ModelCard): Lines {
  const spacing = spacingMm
    ? `Resampled to ${formatTriple(spacingMm)} mm (x, y, z), trilinear.`
    : "Not resampled: the scans of the run kept their own voxel size, and inputs should have the same.";
  return [
    "## Inputs",
    "",
    "One modality per volume, one channel. As in training:",
    "",
    "1. Axes in RAS+ orientation.",
    `2. ${spacing}`,
    "3. Cropped to the foreground (any modality of the subject above 0), symmetric about the volume's centre.",
    `4. Intensities of each modality: percentile ${low} becomes 0 and percentile ${high} becomes 1, clipped, over the ` +
    "cropped volume; cropped to the foreground again.",
    `5. Crops of ${
      formatTriple(cropSize)
    } voxels (x, y, z), zero-padded; other sizes work when they are multiples of ` +
    `${model.divisor}.`,
    "",
    "Whether skulls were stripped and modalities registered to each other is up to the data named above: neither was done " +
    "here.",
  ];
}

function loading({ model: { name, backbone, divisor }, onnx }: ModelCard): Lines {
  const prefix = backbone === "uniformer" ? "; the encoder's names begin with `encoder.uniformer.`" : "";
  return [
    "## How to load",
    "",
    "PyTorch (`pip install safetensors`), into any module `model` with the official names and these sizes:",
    "",
    "```python",
    "from safetensors.torch import load_file",
    'state = load_file("weights.safetensors")',
    "print(model.load_state_dict(state, strict=False))  # the names that either side lacks",
    "```",
    "",
    'With `strict=False` names may be missing, shapes may not differ: `state.pop("rep_template")` where the templates have ' +
    `another size${prefix}.`,
    "",
    "BrainMVP for Deno, in a script beside its `mod.ts`:",
    "",
    "```ts",
    'import * as mvp from "./mod.ts";',
    "",
    'await mvp.selectBackend("auto");',
    'const file = "weights.safetensors";',
    `const model = mvp.buildPretrainModel(mvp.MODEL_PRESETS["${name}"], { seed: 0 });`,
    "const { tensors } = await mvp.openWeights(mvp.bytesSource(await Deno.readFile(file)), file);",
    "await mvp.loadWeights(model.parameters, tensors.values(), { file });",
    "```",
    ...onnx ? onnxLoading(onnx, { backbone, divisor }) : [],
  ];
}

function onnxLoading(
  { size }: { size: Triple | null },
  { backbone, divisor }: Pick<ModelCard["model"], "backbone" | "divisor">,
): Lines {
  const axes = size ? formatTriple(size) : `sizes that are multiples of ${divisor}`;
  const order = backbone === "uniformer"
    ? "`[N, C, z, x, y]` at 1/2, 1/4, 1/8 and 1/16 of the resolution"
    : "`[N, C, x, y, z]` at 1/2, 1/4, 1/8 and 1/8 of the resolution";
  return [
    "",
    "ONNX Runtime (`pip install onnxruntime`):",
    "",
    "```python",
    "import onnxruntime",
    'session = onnxruntime.InferenceSession("encoder.onnx")',
    'stage1, stage2, stage3, stage4 = session.run(None, {"volume": volume})',
    "```",
    "",
    `\`volume\` is float32 \`[N, 1, x, y, z]\`, ${axes}; the stages are ${order}, in the official order of axes.`,
  ];
}

function limits({ data: { synthetic }, scores: measured }: ModelCard): Lines {
  return [
    "## Intended use and limits",
    "",
    "- For research: initial weights for segmentation, classification or similar work on brain MRI.",
    "- Not a medical device. Not for diagnosis, treatment or any decision about a person.",
    measured
      ? "- Validated for nothing but the reconstruction above. Not measured: any downstream task, other scanners, protocols, " +
        "populations or pathologies than those of its data, fairness between groups of people."
      : "- Validated for nothing at all.",
    synthetic
      ? "- Trained on phantoms: good for trying the tools, not for work on scans."
      : "- A template is distilled from all training subjects of its modality: whether it may be published follows from the " +
        "terms of the data.",
    "- A reconstruction shows what is plausible, not what is there: lesions may vanish or appear.",
  ];
}

function licence({ data: { synthetic } }: ModelCard): Lines {
  return [
    "## Licence and citation",
    "",
    "- Weights and templates: **no licence stated yet**. Whoever publishes them states it here" +
    (synthetic ? "." : ", within the terms of the training data."),
    "- Trained by: **not stated yet**. Cite as: **not stated yet**.",
    "- The toolkit that wrote them, BrainMVP for Deno, has the MIT licence.",
    "- The method: *Multi-modal Vision Pre-training for Medical Image Analysis*, CVPR 2025, " +
    "[arXiv:2410.10604](https://arxiv.org/abs/2410.10604). These weights are not those of its authors.",
  ];
}

/** A Markdown table; bars in cells are escaped. */
function table(header: Lines, rows: readonly Lines[]): Lines {
  const line = (cells: Lines): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

/** Spacings come from headers in single precision: six digits are what they hold. */
function formatTriple(triple: Triple): string {
  return triple.map((value) => Number(value.toPrecision(6))).join(" × ");
}

/** A count with thousands separated, the same in every locale. */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
