/** Which part of a checkpoint holds the weights. */
import type { Fail } from "./_fail.ts";
import { TorchTensor } from "./_torch_classes.ts";

/** The weights of a checkpoint. */
export interface StateDict {
  /** Keys that lead to it, joined by dots; empty when it is the checkpoint itself. */
  readonly part: string;
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** What lies beside it, and what in it is no tensor. */
  readonly ignored: readonly string[];
}

/** Names that training programs give the weights' part, the surest first. */
const PARTS = [
  "state_dict",
  "model_state_dict",
  "network_weights",
  "model_state",
  "model",
  "net",
  "network",
  "weights",
  "params",
  "module",
];
const MAX_PARTS = 3;
const LISTED = 12;

/**
 * Finds the weights: under one of the usual names, that within another such part, or the checkpoint itself.
 *
 * @throws whatever `fail` does, when there are none
 */
export function findStateDict(root: unknown, fail: Fail): StateDict {
  const found = search(root, []);
  if (found !== undefined) return found;
  const keys = root instanceof Map ? [...root.keys()].map(String) : [];
  const listed = keys.slice(0, LISTED).map((key) => `"${key}"`).join(", ") + (keys.length > LISTED ? ", …" : "");
  const got = root instanceof Map ? `a dictionary of ${listed || "nothing"}` : "no dictionary";
  return fail(`expected tensors by name, at the top or under ${PARTS.join(", ")}, got ${got}`);
}

function search(value: unknown, path: readonly string[]): StateDict | undefined {
  if (!(value instanceof Map) || path.length > MAX_PARTS) return undefined;
  for (const part of PARTS) {
    const found = search(value.get(part), [...path, part]);
    if (found === undefined) continue;
    const beside = [...value.keys()].filter((key) => key !== part).map(String);
    return { ...found, ignored: [...found.ignored, ...beside] };
  }
  const tensors = new Map<string, TorchTensor>();
  const ignored: string[] = [];
  for (const [name, tensor] of value) {
    if (typeof name === "string" && tensor instanceof TorchTensor) tensors.set(name, tensor);
    else ignored.push(String(name));
  }
  return tensors.size > 0 ? { part: path.join("."), tensors, ignored } : undefined;
}
