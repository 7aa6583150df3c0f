/** ZeroMQ over TCP, as far as a client of a Jupyter kernel needs it: ZMTP 3.0 without encryption, DEALER and SUB. */

/** What a socket does: requests with replies, or listening to what is published. */
export type SocketKind = "DEALER" | "SUB";

const GREETING_BYTES = 64;
const MORE = 1, LONG = 2, COMMAND = 4;

/**
 * One connection to one socket of a kernel.
 *
 * @see https://rfc.zeromq.org/spec/23/
 */
export class ZmtpSocket implements Disposable {
  readonly #connection: Deno.TcpConn;
  #received: Uint8Array = new Uint8Array(0);

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /**
   * Connects, shakes hands, and subscribes to everything when it is to listen.
   *
   * @throws {Deno.errors.ConnectionRefused} while nobody listens on the port
   * @throws {Error} when the other side speaks something else
   */
  static async connect({ port, kind }: { port: number; kind: SocketKind }): Promise<ZmtpSocket> {
    const socket = new ZmtpSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
    try {
      await socket.#handshake(kind);
      if (kind === "SUB") await socket.send([Uint8Array.of(1)]);
      return socket;
    } catch (error) {
      socket[Symbol.dispose]();
      throw error;
    }
  }

  async #handshake(kind: SocketKind): Promise<void> {
    const greeting = new Uint8Array(GREETING_BYTES);
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
    greeting.set(new TextEncoder().encode("NULL"), 12);
    await this.#write(greeting);
    const answer = await this.#take(GREETING_BYTES);
    if (answer[0] !== 0xff || answer[10] < 3) {
      throw new Error("Cannot talk to the kernel: expected ZMTP 3, got another");
    }
    await this.#write(frame(readyCommand(kind), COMMAND));
    await this.#frame();
  }

  /** Sends a message of one or more parts. */
  async send(parts: readonly Uint8Array[]): Promise<void> {
    await this.#write(concat(parts.map((part, i) => frame(part, i < parts.length - 1 ? MORE : 0))));
  }

  /** Waits for the next message. */
  async receive(): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const { flags, body } = await this.#frame();
      if (flags & COMMAND) continue;
      parts.push(body);
      if (!(flags & MORE)) return parts;
    }
  }

  async #frame(): Promise<{ flags: number; body: Uint8Array }> {
    const [flags] = await this.#take(1);
    const size = await this.#take(flags & LONG ? 8 : 1);
    const length = flags & LONG ? Number(new DataView(size.buffer, size.byteOffset).getBigUint64(0)) : size[0];
    return { flags, body: await this.#take(length) };
  }

  async #take(length: number): Promise<Uint8Array> {
    const chunks = [this.#received];
    for (let have = this.#received.length; have < length;) {
      const chunk = new Uint8Array(Math.max(65536, length - have));
      const count = await this.#connection.read(chunk);
      if (count === null) throw new Error("Cannot read from the kernel: expected an open connection, got its end");
      chunks.push(chunk.subarray(0, count));
      have += count;
    }
    const all = concat(chunks);
    this.#received = all.subarray(length);
    return all.slice(0, length);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) done += await this.#connection.write(bytes.subarray(done));
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

function frame(body: Uint8Array, flags: number): Uint8Array {
  if (body.length < 256) return concat([Uint8Array.of(flags, body.length), body]);
  const head = new Uint8Array(9);
  head[0] = flags | LONG;
  new DataView(head.buffer).setBigUint64(1, BigInt(body.length));
  return concat([head, body]);
}

function readyCommand(kind: SocketKind): Uint8Array {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  const property = (name: string, value: string): Uint8Array =>
    concat([Uint8Array.of(name.length), encode(name), Uint8Array.of(0, 0, 0, value.length), encode(value)]);
  return concat([Uint8Array.of(5), encode("READY"), property("Socket-Type", kind), property("Identity", "")]);
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
