/** Weights that are the same on every rank. */
import type { Communicator } from "../communicator.ts";
import type { Parameter } from "../model/mod.ts";
import { tf } from "../tensor/mod.ts";

/** Gives every rank the values of the first one's variables. */
export async function copyFromFirst(parameters: readonly Parameter[], communicator: Communicator): Promise<void> {
  for (const { variable } of parameters) {
    const values = Float32Array.from(await variable.data<"float32">());
    communicator.broadcast(new Uint8Array(values.buffer));
    if (communicator.rank !== 0) tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

/** A number that tells different weights apart: FNV-1a over their bits. */
export async function checksum(parameters: readonly Parameter[]): Promise<number> {
  let hash = 0x811c9dc5;
  for (const { variable } of parameters) {
    const values = await variable.data<"float32">();
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < bits.length; i++) hash = Math.imul(hash ^ bits[i], 0x01000193);
  }
  return hash >>> 0;
}
