/** `deno task export`: from a run's newest checkpoint to files for other tools. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { Triple } from "../lib/geometry.ts";
import { statusOf } from "./_command_line.ts";
import type { ExportArguments } from "./_exporting.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseArguments(args);
    // Tensors and recipes are large; loading them only here keeps the help quick.
    const { exportRun } = await import("./_exporting.ts");
    await exportRun(parsed, (line) => console.log(line));
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): ExportArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  return command.opts<ExportArguments>();
}

function describeCommand(): Command {
  return new Command("export")
    .description("Writes the newest checkpoint of a run as files that other tools read, with a model card.")
    .requiredOption("--run <folder>", "folder of the run, finished or not")
    .option("--out <folder>", "folder to write to, under runs/ or data/ (default: the run's own export/)")
    .addOption(
      new Option("--size <x,y,z>", "voxels that encoder.onnx takes (default: any)").argParser(parseSize)
        .conflicts("onnx"),
    )
    .option("--no-onnx", "leave encoder.onnx out")
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .exitOverride();
}

const HELP = `
Writes:
  weights.safetensors        network and templates, official names and memory order (PyTorch reads it)
  encoder.onnx               the encoder: volume [N, C, x, y, z] -> four stages, in the official order of axes
  templates/MODALITY.nii.gz  learned templates in RAS+ mm, each scaled to [0, 1]
  README.md                  model card: data, recipe, measured scores, inputs, limits, how to load

Examples:
  deno task export --run runs/quick-20260101-120000
  deno task export --run runs/paper --out data/brainmvp --size 96,96,96
`;

function parseSize(text: string): Triple {
  const [x, y, z, ...rest] = text.split(",").map((part) => /^[1-9]\d*$/.test(part) ? Number(part) : NaN);
  if (rest.length > 0 || !(x > 0 && y > 0 && z > 0)) {
    throw new InvalidArgumentError(`Expected three whole numbers as in 96,96,96, got "${text}".`);
  }
  return [x, y, z];
}

if (import.meta.main) Deno.exit(await main(Deno.args));
