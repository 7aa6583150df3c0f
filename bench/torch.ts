/** PyTorch beside us: finds a Python that has it, and asks it to time operations and steps. */
import { fileURLToPath } from "node:url";
import { TextLineStream } from "./_lines.ts";
import type { BenchCase } from "./op_cases.ts";
import type { Pass, StepTiming, TorchInfo } from "./results.ts";
import type { Timing } from "./timing.ts";

/** Tried in this order; the permission set of the task names the same. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** Said where there is none. */
export const NO_TORCH = `not found: neither ${PYTHONS.join(" nor ")} can import torch`;

/** The first Python that can import torch. */
export async function findTorch(): Promise<string | undefined> {
  for (const python of PYTHONS) {
    try {
      const command = new Deno.Command(python, { args: ["-c", "import torch"], stdout: "null", stderr: "null" });
      if ((await command.output()).success) return python;
    } catch (error) {
      // A program that is not there cannot be granted either.
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable)) throw error;
    }
  }
  return undefined;
}

/** Threads of PyTorch and of the BLAS it calls. */
function threadVariables(threads: number): Record<string, string> {
  const names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];
  return Object.fromEntries(names.map((name) => [name, String(threads)]));
}

function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Times of a case's passes; a pass may be missing. */
export type TorchTimings = Partial<Record<Pass, Timing>>;

/** A Python process that times one operation at a time, so that each is measured right beside ours. */
export class TorchOps implements AsyncDisposable {
  readonly info: TorchInfo;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: ReadableStreamDefaultReader<string>;

  private constructor(
    child: Deno.ChildProcess,
    { replies, info }: { replies: ReadableStreamDefaultReader<string>; info: TorchInfo },
  ) {
    this.info = info;
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#replies = replies;
  }

  /** Starts the process. */
  static async open(python: string, { threads }: { threads: number }): Promise<TorchOps> {
    const child = new Deno.Command(python, {
      args: ["-Bu", scriptPath("torch_ops.py"), String(threads)],
      env: threadVariables(threads),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const replies = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
    return new TorchOps(child, { replies, info: await readReply<TorchInfo>(replies) });
  }

  /**
   * Times one case.
   *
   * @throws {Error} when PyTorch cannot run it
   */
  async time(
    { op, shapes, attributes }: BenchCase,
    { passes, repeats }: { passes: readonly Pass[]; repeats: number },
  ): Promise<TorchTimings> {
    const line = JSON.stringify({ op, shapes, attributes, passes, repeats });
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
    return await readReply<TorchTimings>(this.#replies);
  }

  /** Ends the process, if it has not ended by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#replies.cancel();
    await this.#child.status;
  }
}

async function readReply<T>(replies: ReadableStreamDefaultReader<string>): Promise<T> {
  const { value } = await replies.read();
  if (value === undefined) throw new Error("Cannot time PyTorch: its process ended");
  const reply = JSON.parse(value) as T | { error: string };
  if (typeof reply === "object" && reply !== null && "error" in reply) {
    throw new Error(`Cannot time PyTorch: ${reply.error}`);
  }
  return reply as T;
}

/** PyTorch's training step, and the trained values of its network. */
export interface TorchStep extends StepTiming {
  readonly info: TorchInfo;
  readonly parameters: number;
}

/**
 * Times the training step of an equivalent network.
 *
 * @throws {Error} when the script fails
 */
export async function timeTorchStep(
  python: string,
  { backbone, size, repeats, threads }: { backbone: string; size: number; repeats: number; threads: number },
): Promise<TorchStep> {
  const { success, stdout } = await new Deno.Command(python, {
    args: ["-B", scriptPath("torch_step.py"), ...[backbone, size, repeats, threads].map(String)],
    env: threadVariables(threads),
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Cannot time PyTorch: torch_step.py failed for ${backbone} at ${size}³`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
