/** The account of weights that were loaded, as it is printed. */
import { formatShape } from "../lib/errors.ts";
import type { WeightsFile } from "../lib/interop/mod.ts";
import type { ParameterDescription, WeightsMatch, WeightTensor } from "../lib/model/mod.ts";
import { sizeOf } from "../lib/tensor/mod.ts";

/** Longer lists are shown in groups, and no more groups than this. */
const SHOWN = 12;

/** What is printed of a match. */
export type AnyMatch = WeightsMatch<ParameterDescription, WeightTensor>;

/** `weights.pt: PyTorch, model_state_dict, 352 tensors`. */
export function describeFile(file: string, { format, part, tensors }: WeightsFile): string {
  return [`${file}: ${format}`, ...(part === "" ? [] : [part]), `${tensors.size} tensors`].join(", ");
}

/**
 * The lines of an account: counts, then the names of everything that was not loaded as it is.
 *
 * @param options `all`: every name, however many there are
 */
export function reportLines(match: AnyMatch, { all }: { all: boolean }): string[] {
  const { loaded, missing, unexpected, mismatched, prefix } = match;
  const adapted = loaded.filter((weight) => weight.adapted);
  const parameters = loaded.length + missing.length + mismatched.length;
  const count = loaded.reduce((sum, { parameter }) => sum + sizeOf(parameter.officialShape), 0);
  const without = prefix === "" ? "" : `, "${prefix}" taken off their names`;
  const names = (list: readonly { name: string }[]): string[] => shorten(list.map(({ name }) => name), { all });
  const shapes = mismatched.map(({ name, from, expected, got }) => {
    const also = from === name ? "" : ` (${from})`;
    return `${name}: expected ${formatShape(expected)}, got ${formatShape(got)}${also}`;
  });
  return [
    `loaded    ${loaded.length} of ${parameters} parameters of the model, ${
      count.toLocaleString("en")
    } values${without}`,
    ...section(
      "adapted",
      adapted.length,
      adapted.map(({ parameter, tensor }) => {
        return `${parameter.name}: ${formatShape(parameter.officialShape)} from ${formatShape(tensor.shape)}`;
      }),
    ),
    ...section("shape", mismatched.length, all ? shapes : shapes.slice(0, SHOWN)),
    ...section("missing", missing.length, names(missing)),
    ...section("extra", unexpected.length, names(unexpected)),
  ];
}

const MEANINGS = {
  adapted: "to another number of input channels",
  shape: "of another shape in the file: not loaded",
  missing: "not in the file: the model keeps its own",
  extra: "in the file but not in the model: not loaded",
};

function section(kind: keyof typeof MEANINGS, count: number, lines: readonly string[]): string[] {
  if (count === 0) return [];
  const rest = lines.length < count && kind === "shape" ? [`… and ${count - lines.length} more`] : [];
  return [`${kind.padEnd(10)}${count} ${MEANINGS[kind]}`, ...[...lines, ...rest].map((line) => `  ${line}`)];
}

/** Names, or where there are many, groups by their first parts: `decoder.decoder5.* (4)`. */
export function shorten(names: readonly string[], { all }: { all: boolean }): string[] {
  if (all || names.length <= SHOWN) return [...names];
  const groups = Map.groupBy(names, (name) => name.split(".").slice(0, 2).join("."));
  const lines = [...groups].map(([start, members]) => {
    return members.length === 1 ? members[0] : `${start}.* (${members.length})`;
  });
  if (lines.length <= SHOWN) return lines;
  return [...lines.slice(0, SHOWN), `… and ${lines.length - SHOWN} more groups`];
}
