/** Threads, by whichever means the platform has. */

/** One end of the line between a thread and its owner. */
export interface ThreadPort {
  /** Sends a value to the other end. */
  post(message: unknown): void;
  /** Calls back with the first value that the other end sends. */
  receive(listener: (message: unknown) => void): void;
}

/** The part of node:worker_threads that is used. */
interface NodePort {
  postMessage(message: unknown): void;
  once(event: string, listener: (value: never) => void): void;
}

interface NodeThreads {
  readonly Worker: new (url: URL) => NodePort & { unref(): void };
  readonly parentPort: NodePort | null;
}

/** Deno and Node have threads that let the process end while they wait; web pages have workers. */
function nodeThreads(): NodeThreads | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): NodeThreads | undefined } };
  return process?.getBuiltinModule?.("node:worker_threads");
}

/**
 * Starts a thread that runs a module and sends it a value; resolves with the thread's first answer.
 *
 * @throws {Error} when the thread does not start
 */
export async function startThread(url: URL, message: unknown): Promise<unknown> {
  const node = nodeThreads();
  if (!node) return await startWebWorker(url, message);
  const thread = new node.Worker(url);
  const answer = await new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.postMessage(message);
  });
  thread.unref();
  return answer;
}

async function startWebWorker(url: URL, message: unknown): Promise<unknown> {
  const worker = new Worker(url, { type: "module" });
  return await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }): void => resolve(data);
    worker.onerror = (event): void => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(message);
  });
}

/** In a thread: the line to whoever started it. */
export function ownerPort(): ThreadPort {
  const port = nodeThreads()?.parentPort;
  if (port) {
    return { post: (message) => port.postMessage(message), receive: (listener) => port.once("message", listener) };
  }
  return {
    post: (message) => self.postMessage(message),
    receive: (listener) => self.addEventListener("message", ({ data }) => listener(data), { once: true }),
  };
}
