/** `deno task datalist`: the list of a data set's subjects in the official form, and what there is to know of it. */
import { Command, InvalidArgumentError } from "commander";
import {
  chooseLayouts,
  discoverSubjects,
  type Discovery,
  formatDatalist,
  type Layout,
  LAYOUTS,
  type ScanFacts,
  splitSubjects,
  surveyScan,
  surveySubjects,
} from "../lib/dataset/mod.ts";
import { createProgress, listNiftiFiles, makeFolder, openFile, writeFileAtomic } from "../lib/host/mod.ts";
import { folderOf, statusOf } from "./_command_line.ts";
import { datalistReport, subjectLines } from "./_datalist_report.ts";

/** The command line. */
export interface DatalistArguments {
  readonly root: string;
  readonly layout: string;
  readonly out?: string;
  readonly validation: number;
  readonly seed: number;
  readonly headers: boolean;
}

/** Items that the lists on the screen name; the report file names all. */
const SHOWN = 3;

/**
 * Runs the task.
 *
 * @returns the exit status: 0 done, 1 failed, 2 wrong arguments
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    await writeDatalist(parseArguments(args));
    return 0;
  } catch (error) {
    return statusOf(error);
  }
}

/** Reads the command line. */
export function parseArguments(args: readonly string[]): DatalistArguments {
  const command = describeCommand();
  command.parse([...args], { from: "user" });
  return command.opts<DatalistArguments>();
}

function describeCommand(): Command {
  return new Command("datalist")
    .description(
      "Lists the subjects of a data set for `deno task pretrain --datalist`, in the official form, and reports what the " +
        "data set holds. Only headers are read.",
    )
    .requiredOption("--root <folder>", "folder of the data set; paths in the list start from it")
    .option("--layout <names>", "auto, plain, or data sets by name, separated by commas", "auto")
    .option("--out <file>", "list to write (default: data/datalists/FOLDER.json); the report goes beside it")
    .option("--validation <share>", "share of the persons to hold out, in [0, 1)", parseShare, 0.1)
    .option("--seed <number>", "the same seed holds out the same persons", parseSeed, 0)
    .option("--no-headers", "look at names only: fast, but grids, duplicates and damaged files stay unknown")
    .addHelpText("after", helpText())
    .allowExcessArguments(false)
    .exitOverride();
}

function helpText(): string {
  return [
    "",
    "Layouts:",
    ...LAYOUTS.map(({ name, title, example }) => `  ${name.padEnd(12)}${title}: ${example}`),
    `  ${"plain".padEnd(12)}every folder with images is a subject; modalities by the ends of names`,
    "",
    "Examples:",
    "  deno task datalist --root ~/BraTS2021",
    "  deno task datalist --root ~/scans --layout brats2021,ucsf-pdgm,ixi --out data/all.json --validation 0.05",
    "  deno task pretrain preview --datalist data/datalists/BraTS2021.json --data ~/BraTS2021",
    "",
  ].join("\n");
}

function parseShare(text: string): number {
  const share = text.trim() === "" ? NaN : Number(text);
  if (!(share >= 0 && share < 1)) throw new InvalidArgumentError("Expected a number of at least 0 and below 1.");
  return share;
}

function parseSeed(text: string): number {
  const seed = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(seed)) throw new InvalidArgumentError("Expected a whole number from 0.");
  return seed;
}

async function writeDatalist({ root, layout, validation, seed, headers, ...args }: DatalistArguments): Promise<void> {
  const paths = await listNiftiFiles(root);
  const { layouts, title, reason } = chooseLayouts(layout, paths);
  const out = args.out ?? `data/datalists/${nameOf(root)}.json`;
  // Headers of a large set take minutes: a place that may not be written to is found before.
  await makeFolder(folderOf(out));
  const facts = new Map<string, ScanFacts>();
  const found = headers
    ? await discoverWithFacts(paths, { root, layouts, facts })
    : await discoverSubjects(paths, { root, layouts });
  const datalist = { root, ...splitSubjects(found.datalist.training, { seed, validationFraction: validation }) };
  const survey = surveySubjects(found.datalist.training, byListedPath(facts, root));
  const report = { ...found, root, layout: `${title}, ${reason}`, seed, datalist, survey, headers };

  const reportFile = `${out.replace(/\.json$/i, "")}.report.txt`;
  await writeFileAtomic(out, formatDatalist(datalist));
  const whole = [...datalistReport(report, { limit: Infinity }), ...subjectLines(report)];
  await writeFileAtomic(reportFile, whole.join("\n") + "\n");
  for (const line of datalistReport(report, { limit: SHOWN })) console.log(line);
  console.log(`\nwritten     ${out}\n            ${reportFile}`);
}

/** Finds the subjects and keeps what their files' headers say. */
async function discoverWithFacts(
  paths: readonly string[],
  { root, layouts, facts }: { root: string; layouts: readonly Layout[]; facts: Map<string, ScanFacts> },
): Promise<Discovery> {
  using progress = createProgress({ total: Math.max(1, paths.length), label: "headers" });
  let done = 0;
  const readGrid = async (path: string): Promise<ScanFacts> => {
    progress.update(++done);
    using file = await openFile(path);
    const scan = await surveyScan(file, path);
    facts.set(path, scan);
    return scan;
  };
  return await discoverSubjects(paths, { root, layouts, readGrid });
}

/** Facts by the paths that subjects have, relative to the root. */
function byListedPath(facts: ReadonlyMap<string, ScanFacts>, root: string): Map<string, ScanFacts> {
  const start = root.replace(/\/+$/, "").length + 1;
  return new Map([...facts].map(([path, scan]) => [path.slice(start), scan]));
}

/** The last folder's name; `scans` where there is none, as for `.`. */
function nameOf(root: string): string {
  return /([^/\\.][^/\\]*)[/\\]*$/.exec(root)?.[1] ?? "scans";
}

if (import.meta.main) Deno.exit(await main(Deno.args));
