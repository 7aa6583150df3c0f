/** `deno task bench`: times operations and whole training steps beside stock tfjs and PyTorch. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { BACKBONES } from "../bench/step.ts";
import { runBench } from "../bench/run.ts";
import type { BenchArguments } from "../bench/run.ts";
import { messageOf } from "../lib/errors.ts";
import { precisionSchema } from "../lib/trainer/mod.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await runBench(parseArguments(args), { command: ["deno task bench", ...args].join(" "), print: console.error });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(messageOf(error));
    return 1;
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): BenchArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  const { ops, ...options } = command.opts<Omit<BenchArguments, "filter" | "withOps"> & { ops?: string | true }>();
  return {
    ...options,
    withOps: ops !== undefined || options.step === undefined,
    filter: typeof ops === "string" ? ops : null,
  };
}

function describeCommand(): Command {
  const threads = integer({ low: 1, high: 256 });
  return new Command("bench")
    .description(
      "Times every hot operation at the shapes of both official networks, or a whole training step, next to stock " +
        "TensorFlow.js and, where there is a Python with torch, PyTorch. Without options: all operations.",
    )
    .option("--ops [filter]", "operations; with a filter, those with it in their name or shape")
    .addOption(new Option("--step <network>", "a whole training step of the official recipe").choices([...BACKBONES]))
    .option("--size <n>", "voxels per edge of the crop, a multiple of 16", edge, 96)
    .addOption(new Option("--backend <name>", "what is timed").choices(["simd", "webgpu", "reference"]).default("simd"))
    .addOption(
      new Option("--precision <name>", "of activations on webgpu").choices(precisionSchema.unwrap().options).default(
        "f32",
      ),
    )
    .addOption(
      new Option("--tune", "with --backend webgpu: find this GPU's fastest tiles; all tasks take them from then on")
        .conflicts(["ops", "step", "profile"]),
    )
    .option("--repeats <n>", "repetitions at least", integer({ low: 1, high: 1000 }), 5)
    .option("--threads <n>", "threads of ours and of PyTorch", threads, navigator.hardwareConcurrency)
    .option("--profile <file>", "with --step: one more step as a trace for chrome://tracing, with times of a GPU")
    .option("--no-torch", "leave PyTorch out")
    .option("--no-tfjs", "leave stock TensorFlow.js out")
    .option("--out <folder>", "folder of results.json and RESULTS.md, which keep what is not measured anew", "bench")
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .exitOverride();
}

const HELP = `
Examples:
  deno task bench
  deno task bench --ops conv3d
  deno task bench --step uniformer --size 96
  deno task bench --backend webgpu --tune
  deno task bench --step uniformer --backend webgpu --precision f16-mixed --profile bench/step.json

On a machine without network: bench/README.md.
`;

function integer({ low, high }: { low: number; high: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`expected a whole number from ${low} to ${high}`);
  };
}

/** The UniFormer halves its input four times; the templates are 155 voxels high. */
function edge(text: string): number {
  const value = integer({ low: 16, high: 144 })(text);
  if (value % 16 !== 0) throw new InvalidArgumentError("expected a multiple of 16");
  return value;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
