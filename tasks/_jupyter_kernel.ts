/** A Deno kernel as Jupyter starts it, without Jupyter: cells go in, outputs come out. */
import { COMPUTE_FLAGS } from "./test.ts";
import { ZmtpSocket } from "./_zmtp.ts";

/** An output of a cell as notebook files have it, text in one piece. */
export type CellOutput =
  | { readonly output_type: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
  | {
    readonly output_type: "display_data" | "execute_result";
    readonly data: Readonly<Record<string, unknown>>;
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly execution_count?: number | null;
  }
  | {
    readonly output_type: "error";
    readonly ename: string;
    readonly evalue: string;
    readonly traceback: readonly string[];
  };

/** A message of Jupyter's protocol. */
interface Message {
  readonly type: string;
  /** Id of the request that it answers. */
  readonly parent: string | undefined;
  readonly content: Readonly<Record<string, unknown>>;
}

const DELIMITER = "<IDS|MSG>";
const CHANNELS = ["shell", "iopub", "stdin", "control", "hb"] as const;
/** The kernel may say that it is idle before its last outputs have left: so long it must have been silent, too. */
const QUIET_MS = 1000;
const START_MS = 60_000;
/** A kernel adds what cells import to it, and takes no other one. */
const LOCK_FILE = new URL("../deno.lock", import.meta.url);

/**
 * A kernel that runs.
 *
 * @see https://jupyter-client.readthedocs.io/en/stable/messaging.html
 */
export class JupyterKernel implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #shell: ZmtpSocket;
  readonly #published: ZmtpSocket;
  readonly #key: CryptoKey;
  readonly #connectionFile: string;
  readonly #session = crypto.randomUUID();
  readonly #lock = Deno.readTextFileSync(LOCK_FILE);
  #listener: (message: Message) => void = () => {};
  #ended: Error | undefined;

  private constructor(
    { process, shell, published, key, connectionFile }: {
      process: Deno.ChildProcess;
      shell: ZmtpSocket;
      published: ZmtpSocket;
      key: CryptoKey;
      connectionFile: string;
    },
  ) {
    this.#process = process;
    this.#shell = shell;
    this.#published = published;
    this.#key = key;
    this.#connectionFile = connectionFile;
  }

  /**
   * Starts a kernel and waits until it answers; the file that tells it where to listen lies under `runs/` meanwhile.
   *
   * @param folder where it runs: the notebook's folder
   * @throws {Error} when it does not answer in a minute
   */
  static async start(folder: string): Promise<JupyterKernel> {
    const secret = crypto.randomUUID();
    const ports = Object.fromEntries(CHANNELS.map((channel) => [`${channel}_port`, freePort()]));
    const connectionFile = await Deno.realPath(await Deno.makeTempFile({ dir: "runs", suffix: ".json" }));
    const connection = { transport: "tcp", ip: "127.0.0.1", signature_scheme: "hmac-sha256", key: secret, ...ports };
    await Deno.writeTextFile(connectionFile, JSON.stringify(connection));
    const process = new Deno.Command("deno", {
      args: ["jupyter", "--kernel", "--conn", connectionFile],
      cwd: folder,
      env: { DENO_V8_FLAGS: COMPUTE_FLAGS.replace("--v8-flags=", ""), NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const bytes = new TextEncoder().encode(secret);
      const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const shell = await connect({ port: ports.shell_port, kind: "DEALER" });
      const published = await connect({ port: ports.iopub_port, kind: "SUB" });
      const kernel = new JupyterKernel({ process, shell, published, key, connectionFile });
      kernel.#listen(shell);
      kernel.#listen(published);
      await kernel.#waitUntilHeard();
      return kernel;
    } catch (error) {
      process.kill("SIGKILL");
      await process.status;
      await Deno.remove(connectionFile);
      throw error;
    }
  }

  /** What is published before the subscription has arrived is lost: asks until an answer is heard. */
  async #waitUntilHeard(): Promise<void> {
    const deadline = Date.now() + START_MS;
    let isHeard = false;
    this.#listener = ({ type }) => isHeard ||= type === "status";
    while (!isHeard) {
      if (Date.now() > deadline) throw new Error("Cannot start the Deno kernel: expected an answer, got none");
      await this.#request("kernel_info_request", {});
      await pause(200);
    }
  }

  /**
   * Runs a cell.
   *
   * @throws {Error} when the kernel has ended
   */
  async execute(code: string): Promise<CellOutput[]> {
    const outputs: CellOutput[] = [];
    let lastHeard = Date.now(), isIdle = false, isAnswered = false;
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false };
    const id = crypto.randomUUID();
    this.#listener = ({ type, parent, content }) => {
      if (parent !== id) return;
      lastHeard = Date.now();
      if (type === "status") isIdle = content.execution_state === "idle";
      if (type === "execute_reply") isAnswered = true;
      const output = outputOf(type, content);
      if (output !== undefined) addOutput(outputs, output);
    };
    await this.#request("execute_request", content, id);
    while (!isIdle || !isAnswered || Date.now() - lastHeard < QUIET_MS) {
      if (this.#ended) throw new Error("Cannot run the cell: the kernel has ended", { cause: this.#ended });
      await pause(20);
    }
    return outputs;
  }

  async #request(type: string, content: object, id: string = crypto.randomUUID()): Promise<void> {
    const header = {
      msg_id: id,
      session: this.#session,
      username: "notebooks",
      date: new Date().toISOString(),
      msg_type: type,
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => new TextEncoder().encode(JSON.stringify(part)));
    const signed = new Uint8Array(await new Blob(parts).arrayBuffer());
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", this.#key, signed)).toHex();
    await this.#shell.send([...[DELIMITER, signature].map((text) => new TextEncoder().encode(text)), ...parts]);
  }

  /** Hands on what a socket receives until its connection ends. */
  async #listen(socket: ZmtpSocket): Promise<void> {
    try {
      for (;;) {
        const message = parseMessage(await socket.receive());
        this.#listener(message);
      }
    } catch (error) {
      this.#ended = error as Error;
    }
  }

  /** Ends the kernel. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    for (const socket of [this.#shell, this.#published]) socket[Symbol.dispose]();
    await Deno.remove(this.#connectionFile);
    if (await Deno.readTextFile(LOCK_FILE) !== this.#lock) await Deno.writeTextFile(LOCK_FILE, this.#lock);
  }
}

function parseMessage(parts: readonly Uint8Array[]): Message {
  const texts = parts.map((part) => new TextDecoder().decode(part));
  const start = texts.indexOf(DELIMITER) + 2;
  const [header, parent, , content] = texts.slice(start, start + 4).map((text) => JSON.parse(text));
  return { type: header.msg_type, parent: parent?.msg_id, content };
}

function outputOf(type: string, content: Message["content"]): CellOutput | undefined {
  const { name, text, data, metadata = {}, execution_count, ename, evalue, traceback } = content as Record<
    string,
    never
  >;
  switch (type) {
    case "stream":
      return { output_type: type, name, text };
    case "display_data":
      return { output_type: type, data, metadata };
    case "execute_result":
      return { output_type: type, data, metadata, execution_count };
    case "error":
      return { output_type: type, ename, evalue, traceback };
    case "execute_reply":
      // A cell that cannot be parsed fails here only.
      return content.status === "error" ? { output_type: "error", ename, evalue, traceback } : undefined;
    default:
      return undefined;
  }
}

/** Text that follows text of the same stream is one output with it. */
function addOutput(outputs: CellOutput[], output: CellOutput): void {
  const last = outputs.at(-1);
  if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
    outputs[outputs.length - 1] = { ...last, text: last.text + output.text };
    return;
  }
  // An error is published, and is the answer, too.
  if (output.output_type === "error" && outputs.some(({ output_type }) => output_type === "error")) return;
  outputs.push(output);
}

/** Connects once the kernel listens. */
async function connect(options: Parameters<typeof ZmtpSocket.connect>[0]): Promise<ZmtpSocket> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      return await ZmtpSocket.connect(options);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused) || Date.now() > deadline) throw error;
      await pause(50);
    }
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
