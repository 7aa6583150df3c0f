/** The doctor's report: which sections there are, and how they are printed. */
import { type BackendInfo, type BackendName, type OpEntry, OPS } from "../lib/tensor/mod.ts";
import {
  type BackendFacts,
  describeBackend,
  describeFlags,
  describeGpu,
  describeSpeed,
  findBackend,
  findFlags,
  findGpu,
  findSpeed,
} from "./_doctor_backend.ts";
import { checkNifti, checkOps, describeRoundTrip, describeTraining } from "./_doctor_checks.ts";
import {
  describeFolders,
  describeMachine,
  describePermissions,
  describeVersions,
  findMachine,
  findPermissions,
  findVersions,
  type FolderFacts,
  FOLDERS,
  freeDiskBytes,
  probeFolder,
} from "./_doctor_machine.ts";
import { formatVerdict, type Line, runSections, type Section } from "./_doctor_report.ts";
import { compareTraining } from "./_doctor_training.ts";

/** What the command line says. */
export interface DoctorArguments {
  readonly backend: BackendName;
  readonly threads?: number;
  readonly quick?: boolean;
  readonly json?: boolean;
}

/** Where the report goes, and what is tested. */
export interface DoctorParts {
  readonly print: (line: string) => void;
  /** Operations of the self-test; default all. */
  readonly ops?: readonly OpEntry[];
}

/**
 * Prints the report.
 *
 * @returns the exit status: 0 all is well, 1 a check failed
 */
export async function runDoctor(args: DoctorArguments, { print, ops = OPS }: DoctorParts): Promise<number> {
  const started = performance.now();
  const report = await runSections(sectionsFor(args, ops), args.json ? () => {} : print);
  const seconds = (performance.now() - started) / 1000;
  const verdict = formatVerdict(report, { tested: !args.quick, seconds });
  print(args.json ? JSON.stringify({ ...report, verdict, seconds }, null, 2) : verdict);
  return report.ok ? 0 : 1;
}

function sectionsFor({ backend: wanted, threads, quick }: DoctorArguments, ops: readonly OpEntry[]): Section[] {
  // Where the one that was asked for does not start, the rest of the report is made on this one.
  let backend: BackendInfo = { name: "reference", description: "" };
  const start = async (): Promise<BackendFacts> => {
    const facts = await findBackend(wanted, { threads });
    backend = facts;
    return facts;
  };
  const folders = (): Promise<FolderFacts[]> => Promise.all(FOLDERS.map(probeFolder));
  const tests: Section[] = [
    {
      key: "operations",
      title: "Self-test: operations beside their references",
      onError: "failed",
      run: (show) => checkOps(ops, { backend: backend.name, show }),
    },
    section({ key: "training", title: "Self-test: training", onError: "failed" }, {
      find: () => compareTraining(backend.name),
      describe: describeTraining,
    }),
    section({ key: "files", title: "Self-test: files", onError: "failed" }, {
      find: checkNifti,
      describe: describeRoundTrip,
    }),
  ];
  return [
    section({ key: "versions", title: "Versions" }, { find: findVersions, describe: describeVersions }),
    section({ key: "machine", title: "Machine" }, { find: findMachine, describe: describeMachine }),
    section({ key: "backend", title: "Backend", onError: "failed" }, { find: start, describe: describeBackend }),
    section({ key: "flags", title: "V8 flags" }, { find: () => findFlags(backend), describe: describeFlags }),
    section({ key: "permissions", title: "Deno permissions" }, {
      find: findPermissions,
      describe: describePermissions,
    }),
    section({ key: "folders", title: "Folders" }, {
      find: async () => ({ folders: await folders(), freeBytes: freeDiskBytes() }),
      describe: describeFolders,
    }),
    section({ key: "speed", title: "Speed" }, { find: findSpeed, describe: describeSpeed }),
    ...(quick ? [] : tests),
    // Last, since a broken graphics driver can take the process down with it.
    section({ key: "webgpu", title: "WebGPU" }, { find: findGpu, describe: describeGpu }),
  ];
}

/** A section that finds everything out before it shows anything. */
function section<F>(
  { key, title, onError = "note" }: Pick<Section, "key" | "title"> & { onError?: Section["onError"] },
  { find, describe }: { find: () => F | Promise<F>; describe: (facts: F) => readonly Line[] },
): Section {
  return {
    key,
    title,
    onError,
    async run(show) {
      const facts = await find();
      describe(facts).forEach(show);
      return facts;
    },
  };
}
