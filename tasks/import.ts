/** `deno task import`: weights of PyTorch or safetensors files as a file that training starts from. */
import { Command, InvalidArgumentError, Option } from "commander";
import { makeFolder, openFile, writeFileAtomic } from "../lib/host/mod.ts";
import { openWeights, streamSafetensors } from "../lib/interop/mod.ts";
import type { LazyTensor } from "../lib/interop/mod.ts";
import {
  compareWeights,
  describeParameters,
  FIRST_CONV_RULES,
  matchWeights,
  MODEL_NAMES,
  MODEL_PRESETS,
} from "../lib/model/mod.ts";
import type { FirstConvRule, MatchedWeight, ModelName, ParameterDescription } from "../lib/model/mod.ts";
import { sizeOf } from "../lib/tensor/mod.ts";
import { folderOf, statusOf } from "./_command_line.ts";
import { describeFile, reportLines } from "./_weights_report.ts";

/** The command line. */
export interface ImportArguments {
  readonly from: string;
  readonly model?: ModelName;
  readonly firstConv: FirstConvRule;
  readonly channels: number;
  readonly out?: string;
  readonly all?: boolean;
}

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await importWeights(parseArguments(args));
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): ImportArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  return command.opts<ImportArguments>();
}

function describeCommand(): Command {
  return new Command("import")
    .description(
      "Reads weights that torch.save (zip format, or the one before PyTorch 1.6) or safetensors wrote, and writes those " +
        "that fit a model as safetensors. Nothing in the file is executed, and Python is not needed.",
    )
    .requiredOption("--from <file>", "weights: .pt, .pth, .ckpt or .safetensors; the content tells which it is")
    .addOption(
      new Option("--model <name>", "model they are for (default: recognised by names and shapes)")
        .choices([...MODEL_NAMES]),
    )
    .option("--channels <number>", "input channels of the model", parseChannels, 1)
    .addOption(
      new Option("--first-conv <rule>", "where the file has another number of input channels")
        .choices([...FIRST_CONV_RULES]).default("skip"),
    )
    .option("--out <file>", "file to write (default: runs/imported/NAME.safetensors)")
    .option("--all", "list every name that was not loaded, not groups of them")
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .exitOverride();
}

const HELP = `
Rules for the first convolution; mean and replicate keep the scale of the response, so that the same image in all
channels gives what it gave before:
  skip       it is not loaded
  mean       every channel gets the mean kernel of the file
  replicate  channels get the file's kernels in turn

Examples:
  deno task import --from BrainMVP_uniformer.pt
  deno task import --from BrainMVP_uniformer.pt --channels 4 --first-conv replicate
  deno task pretrain --weights runs/imported/BrainMVP_uniformer.safetensors
`;

function parseChannels(text: string): number {
  const channels = Number(text);
  if (!Number.isInteger(channels) || channels < 1) throw new InvalidArgumentError("Expected a whole number from 1.");
  return channels;
}

async function importWeights(args: ImportArguments): Promise<void> {
  using source = await openFile(args.from);
  const weights = await openWeights(source, args.from);
  console.log(`weights   ${describeFile(args.from, weights)}`);
  if (weights.ignored.length > 0) console.log(`not read  ${weights.ignored.join(", ")}`);
  const tensors = [...weights.tensors.values()];
  const model = args.model ?? recogniseModel(tensors, args);
  console.log(`model     ${model}${args.channels === 1 ? "" : `, ${args.channels} input channels`}`);
  const match = matchWeights(parametersOf(model, { ...args, tensors }), tensors, { ...args, file: args.from });
  for (const line of reportLines(match, { all: args.all ?? false })) console.log(line);
  const out = args.out ?? `runs/imported/${stemOf(args.from)}.safetensors`;
  const { chunks, size } = streamSafetensors(match.loaded.map(exportedTensor), { format: "pt", model });
  await makeFolder(folderOf(out));
  await writeFileAtomic(out, chunks());
  console.log(`written   ${out}, ${(size / 1e6).toFixed(1)} MB`);
}

/** The preset that most values fit. */
function recogniseModel(tensors: readonly LazyTensor[], options: ImportArguments): ModelName {
  const fitting = MODEL_NAMES.map((name) => {
    const { loaded } = compareWeights(describeModel(name, options), tensors, options);
    return { name, values: loaded.reduce((sum, { tensor }) => sum + sizeOf(tensor.shape), 0) };
  });
  return fitting.reduce((best, candidate) => (candidate.values > best.values ? candidate : best)).name;
}

function describeModel(name: ModelName, { channels }: { channels: number }): ParameterDescription[] {
  return describeParameters({ ...MODEL_PRESETS[name], inChannels: channels });
}

/** The model's parameters, and templates of the size that the file has them. */
function parametersOf(
  name: ModelName,
  { channels, tensors }: { channels: number; tensors: readonly LazyTensor[] },
): ParameterDescription[] {
  const parameters = describeModel(name, { channels });
  const templates = tensors.find(({ name, shape }) => /(^|\.)rep_template$/.test(name) && shape.length === 4);
  return templates === undefined ? parameters : [...parameters, describeTemplates(templates.shape)];
}

/** The official `[K, x, y, z]`. */
function describeTemplates(officialShape: readonly number[]): ParameterDescription {
  const permutation = [0, 3, 2, 1];
  const shape = permutation.map((axis) => officialShape[axis]);
  return { name: "rep_template", trainable: true, shape, officialShape, permutation };
}

/** Under its official name; integers stay as they are, all else becomes float32. */
function exportedTensor(weight: MatchedWeight<ParameterDescription, LazyTensor>): LazyTensor {
  const { parameter: { name, officialShape: shape }, tensor, adapted } = weight;
  const isInteger = tensor.dtype !== "F32" && tensor.dtype !== "F64" && !adapted;
  if (isInteger) return { name, shape, dtype: tensor.dtype, read: () => tensor.read() };
  return { name, shape, dtype: "F32", read: () => weight.read() };
}

function stemOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1).replace(/\.[^.]+$/, "");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
