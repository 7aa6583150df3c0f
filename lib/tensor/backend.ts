/** Chooses the tensor backend once per process. */
import { BackendUnavailableError } from "../errors.ts";
import { registerPlainAdd } from "./reference_add.ts";
import { tf } from "./tf.ts";

registerPlainAdd();

/** Names accepted by `--backend`. */
export const BACKENDS = ["auto", "reference"] as const;

/** A backend by the name users know. */
export type BackendName = (typeof BACKENDS)[number];

/** What was chosen, for the run record. */
export interface BackendInfo {
  /** The backend in use, never `"auto"`. */
  readonly name: Exclude<BackendName, "auto">;
  /** One line for people. */
  readonly description: string;
}

/**
 * Starts the backend that all later tensor work uses.
 *
 * `reference` is TensorFlow.js's plain JavaScript backend with this toolkit's plain kernels, single-threaded.
 *
 * @throws {BackendUnavailableError} when it cannot start here
 */
export async function selectBackend(name: BackendName): Promise<BackendInfo> {
  if (!await tf.setBackend("cpu")) {
    throw new BackendUnavailableError(`Cannot start backend "${name}": TensorFlow.js's cpu backend did not initialise`);
  }
  await tf.ready();
  return {
    name: "reference",
    description: `reference (plain TypeScript kernels, tfjs ${tf.version_core}, one thread)`,
  };
}
