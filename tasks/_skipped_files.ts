/** Files left out, told in few lines: those with the same reason together. */
import type { SkippedFile } from "../lib/dataset/mod.ts";

/** Files left out for one reason. */
export interface SkippedGroup {
  /** Sorted as they were. */
  readonly files: readonly string[];
  /** The reason of the first. */
  readonly reason: string;
}

/** So many files with the same reason are still named one by one. */
const NAMED = 3;

/** Groups files whose reasons differ in the files they name only; the largest group first. */
export function groupSkipped(skipped: readonly SkippedFile[]): SkippedGroup[] {
  const alike = Map.groupBy(skipped, ({ reason }) => reason.replaceAll(/\S+\.nii(\.gz)?\b/gi, "…"));
  const groups = [...alike.values()].map((members) => ({
    files: members.map(({ file }) => file),
    reason: members[0].reason,
  }));
  return groups.sort((a, b) => b.files.length - a.files.length);
}

/** One line per file, or per reason that more than a few files share. */
export function skippedLines(skipped: readonly SkippedFile[]): string[] {
  const many = new Map(
    groupSkipped(skipped).filter(({ files }) => files.length > NAMED).map((group) => [
      group.files[0],
      group,
    ]),
  );
  const grouped = new Set([...many.values()].flatMap(({ files }) => files));
  return skipped.flatMap(({ file, reason }) => {
    const group = many.get(file);
    if (group !== undefined) return [`${group.files.length} files, such as ${file}: ${reason}`];
    return grouped.has(file) ? [] : [`${file}: ${reason}`];
  });
}
