/** MONAI beside us: a Python process that prepares the same subject whenever it is asked to. */
import { fileURLToPath } from "node:url";
import { TextLineStream } from "./_lines.ts";

/** A process that is ready. */
export class MonaiLoader implements AsyncDisposable {
  readonly version: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: ReadableStreamDefaultReader<string>;

  private constructor(
    child: Deno.ChildProcess,
    { version, input, replies }: {
      version: string;
      input: WritableStreamDefaultWriter<Uint8Array>;
      replies: ReadableStreamDefaultReader<string>;
    },
  ) {
    this.version = version;
    this.#child = child;
    this.#input = input;
    this.#replies = replies;
  }

  /**
   * Starts the process.
   *
   * @throws {Error} when the Python cannot import MONAI
   */
  static async open(python: string, files: readonly string[]): Promise<MonaiLoader> {
    const child = new Deno.Command(python, {
      args: ["-Bu", fileURLToPath(new URL("monai_load.py", import.meta.url)), JSON.stringify(files)],
      env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const replies = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
    const { value } = await replies.read();
    if (value === undefined) {
      await child.stdin.close().catch(() => {});
      throw new Error(`${python} cannot import monai and nibabel`);
    }
    return new MonaiLoader(child, { version: JSON.parse(value).monai, input: child.stdin.getWriter(), replies });
  }

  /**
   * Prepares the subject once.
   *
   * @throws {Error} when the process has ended
   */
  async prepare(): Promise<{ seconds: number; cpu: number }> {
    await this.#input.write(new TextEncoder().encode("\n"));
    const { value } = await this.#replies.read();
    if (value === undefined) throw new Error("Cannot time MONAI: its process ended");
    return JSON.parse(value);
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#replies.cancel();
    await this.#child.status;
  }
}
