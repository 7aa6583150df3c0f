/** ONNX Runtime on WebAssembly, one thread: what reads our files in tests. */
// deno-lint-ignore no-import-prefix -- only tests need it: runs should not have to download it
import { env, InferenceSession, Tensor } from "npm:onnxruntime-web@1.30.0/wasm";

// Threads of the runtime need cross-origin isolation or a worker file; tests have neither.
env.wasm.numThreads = 1;

/** What a model gives for one input. */
export interface OnnxOutput {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model file as the runtime sees it. */
export interface OnnxSession {
  /** Runs the model on float32 inputs by name. */
  run(inputs: Readonly<Record<string, OnnxOutput>>): Promise<Record<string, OnnxOutput>>;
  /** Frees the model. */
  close(): Promise<void>;
}

/** Loads a model file. */
export async function openOnnx(pieces: readonly Uint8Array[]): Promise<OnnxSession> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  const session = await InferenceSession.create(bytes);
  return {
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, { shape, data }]) => [name, new Tensor("float32", data, shape)]);
      const outputs = Object.entries(await session.run(Object.fromEntries(feeds)));
      return Object.fromEntries(outputs.map(([name, { dims, data }]) => {
        return [name, { shape: dims, data: data as Float32Array }];
      }));
    },
    close: () => session.release(),
  };
}
