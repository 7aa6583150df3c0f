/** `deno task pretrain`: from a recipe and scans to a run folder. */
import { Command, Option } from "commander";
import { describeConfig } from "../lib/config.ts";
import { detectLaunch } from "../lib/host/mod.ts";
import { RECIPES, recipeSchema } from "../recipes/mod.ts";
import { BACKEND_CHOICES, parseThreads, statusOf } from "./_command_line.ts";
import { runPretraining } from "./_pretraining.ts";
import type { PretrainArguments } from "./_pretraining.ts";
import { openRanks, OWN_RANK } from "./_ranks.ts";

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted and saved
 */
export async function main(args: readonly string[]): Promise<number> {
  let ranks = OWN_RANK;
  try {
    const parsed = parseArguments(args);
    ranks = openRanks({ task: "pretrain:mpi" });
    const code = await runPretraining(parsed, ranks);
    await ranks.close();
    return code;
  } catch (error) {
    const code = ranks === OWN_RANK && isFollower() ? 2 : statusOf(error);
    ranks.abort(code);
    return code;
  }
}

/** Whether another rank says what keeps all of them from starting. */
function isFollower(): boolean {
  return (detectLaunch((name) => Deno.env.get(name))?.rank ?? 0) > 0;
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): PretrainArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  const options = command.opts<Omit<PretrainArguments, "recipe" | "assignments">>();
  const [first, ...rest] = command.args;
  // The recipe may be left out: `deno task pretrain run.epochs=5`.
  if (first === undefined || first.includes("=")) return { ...options, recipe: undefined, assignments: command.args };
  return { ...options, recipe: first, assignments: rest };
}

function describeCommand(): Command {
  return new Command("pretrain")
    .description(
      "Pre-trains on multi-parametric MRI. Without data it makes its own phantoms: a first run needs nothing.",
    )
    .argument("[recipe]", "one of the recipes below (default: quick)")
    .argument("[options...]", "options of the recipe to change, as key.path=value")
    .option("--data <folder>", "folder of scans (one subject per folder), or the root of the datalist's paths")
    .option("--datalist <file>", 'list of subjects: {"training":[{"image":[…]}],"validation":[…]}')
    .option("--layout <names>", "how that folder is built: auto, plain, or data sets by name (default: auto)")
    .option("--config <file>", "YAML file of options to change; key.path=value wins over it")
    .option("--out <folder>", "folder of the run (default: runs/RECIPE-TIME)")
    .option("--resume <folder>", "go on with an interrupted run, with the options and data it was started with")
    .option("--weights <file>", "start from weights instead of random ones: .pt, .pth, .ckpt or .safetensors")
    .addOption(
      new Option("--backend <name>", "where tensors are computed (default: auto)").choices([...BACKEND_CHOICES]),
    )
    .option("--threads <number>", "threads that compute (default: all cores)", parseThreads)
    .option("--quick-check", "the quick recipe cut down to under 90 seconds, to see that everything works")
    .addHelpText("after", helpText())
    .exitOverride();
}

function helpText(): string {
  const recipes = Object.entries(RECIPES).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  const options = describeConfig(recipeSchema).map(({ path, allowed, default: value, description }) => {
    return `  ${path.padEnd(32)}${description}\n${" ".repeat(34)}${allowed}; default ${value}`;
  });
  return [
    "",
    "Recipes:",
    ...recipes,
    "",
    "Options of a recipe (defaults are the paper's):",
    ...options,
    "",
    "Examples:",
    "  deno task pretrain",
    "  deno task pretrain preview --data ~/scans",
    "  deno task pretrain quick run.epochs=100 method.maskRatio=0.8",
    "  deno task pretrain official --data ~/scans --weights BrainMVP_uniformer.pt",
    "  deno task pretrain --resume runs/quick-20260101-120000",
    "  mpirun -n 8 --bind-to none deno task pretrain:mpi official --data ~/scans run.batchSize=8",
    "",
  ].join("\n");
}

if (import.meta.main) Deno.exit(await main(Deno.args));
