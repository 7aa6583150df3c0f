/** The launchers of MPI, and programs under them. */
import { COMPUTE_FLAGS } from "../../../tasks/test.ts";

const ROOT = new URL("../../../", import.meta.url);

/** A launcher by its Debian name: both may be installed beside each other. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly args: readonly string[];
}

const LAUNCHERS: readonly Launcher[] = [
  { name: "Open MPI", command: "mpirun.openmpi", args: ["--oversubscribe", "--bind-to", "none"] },
  { name: "MPICH", command: "mpirun.mpich", args: [] },
];

/** Registers a test for each of the launchers; skipped by name where one is missing. */
export function testWithMpi(title: string, test: (launcher: Launcher) => Promise<void>): void {
  for (const launcher of LAUNCHERS) {
    const ignore = !isInstalled(launcher);
    const suffix = ignore ? ` (no ${launcher.name})` : "";
    Deno.test({ name: `${title}, ${launcher.name}${suffix}`, ignore, fn: () => test(launcher) });
  }
}

function isInstalled({ command }: Launcher): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}

/** How a job ended. */
export interface JobOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A job under way. */
export interface Job {
  readonly outcome: Promise<JobOutcome>;
  /** Signals the launcher. */
  kill(signal: Deno.Signal): void;
}

/** Starts a program on so many ranks. */
export function startRanks(launcher: Launcher, size: number, program: readonly string[]): Job {
  const child = new Deno.Command(launcher.command, {
    args: [...launcher.args, "-n", String(size), ...program],
    cwd: ROOT,
    env: {
      NO_COLOR: "1",
      XDG_RUNTIME_DIR: "/tmp",
      OMPI_ALLOW_RUN_AS_ROOT: "1",
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const outcome = child.output().then(({ code, stdout, stderr }) => {
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  });
  return { outcome, kill: (signal) => child.kill(signal) };
}

/** The command line of a program of tests that is one rank. */
export function rankProgram(file: string, ...args: string[]): string[] {
  return ["deno", "run", "-q", "--no-check", "-P=pretrain-mpi", COMPUTE_FLAGS, `tests/host/mpi/${file}`, ...args];
}
