/** Weights in any of the formats that are read. */
import { failureOf } from "./_fail.ts";
import type { ByteSource } from "./byte_source.ts";
import type { LazyTensor } from "./lazy_tensor.ts";
import { openSafetensors } from "./safetensors.ts";
import { openTorchLegacy, openTorchZip } from "./torch_checkpoint.ts";

/** The formats. */
export type WeightsFormat = "PyTorch" | "PyTorch before 1.6" | "safetensors";

/** Weights that lie in a file. */
export interface WeightsFile {
  readonly format: WeightsFormat;
  /** The tensors by name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** The part of a checkpoint that they come from: `model_state_dict`; empty when they are all there is. */
  readonly part: string;
  /** Names of what is not read: the rest of a checkpoint. */
  readonly ignored: readonly string[];
}

const ZIP = "PK\x03\x04";
const PICKLE = "\x80";
/** The first value of the format before 1.6, as any protocol of pickle writes it. */
const LEGACY_MAGIC = "\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19";
/** The brace that a header begins with, after its length. */
const BRACE_AT = 8;
const SNIFFED_BYTES = 32;

/**
 * Opens a file of weights: what torch.save wrote, or safetensors. The first bytes tell which; its name does not matter.
 *
 * Tensors are read one at a time, when they are asked for. Nothing in the file is executed.
 *
 * @param file path of the file, for messages
 * @throws {CheckpointError} when the format is another, or the file is not what its format asks for
 */
export async function openWeights(source: ByteSource, file: string): Promise<WeightsFile> {
  const bytes = await source.read(0, Math.min(source.size, SNIFFED_BYTES));
  const start = String.fromCharCode(...bytes);
  if (start.startsWith(ZIP)) return { format: "PyTorch", ...await openTorchZip(source, file) };
  if (start.startsWith(PICKLE) && start.includes(LEGACY_MAGIC)) {
    return { format: "PyTorch before 1.6", ...await openTorchLegacy(source, file) };
  }
  if (start[BRACE_AT] === "{") {
    const { tensors } = await openSafetensors(source, file);
    return { format: "safetensors", tensors, part: "", ignored: [] };
  }
  const got = bytes.length === 0 ? "an empty file" : `a file that begins with ${JSON.stringify(start)}`;
  return failureOf(file)(`expected what torch.save or safetensors write, got ${got}`);
}
