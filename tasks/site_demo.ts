/** `deno task site:demo`: the small network and the templates that the site's pages compute with and show. */
import { Command } from "commander";
import { statusOf } from "./_command_line.ts";
import { writeDemo } from "./_site_demo.ts";

const HELP = `
Writes site/static/models/quick/, which is committed:
  weights.safetensors           what rebuilding needs of the network, in half precision
  templates/MODALITY.nii.gz     the last templates in 8 bits
  templates/epoch-N/…           earlier ones in 6 bits, for looking at
  card.json, templates.json     how they were made, what the network takes, how well it did

Examples:
  deno task pretrain quick --out runs/site-demo
  deno task site:demo --run runs/site-demo
`;

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = new Command("site:demo")
      .description("Makes the site's demonstration model of a finished run on phantoms.")
      .requiredOption("--run <folder>", "folder of a run of the quick recipe")
      .addHelpText("after", HELP)
      .allowExcessArguments(false)
      .exitOverride();
    command.parse([...args], { from: "user" });
    await writeDemo(command.opts<{ run: string }>().run, (line) => console.log(line));
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
