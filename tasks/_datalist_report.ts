/** What `deno task datalist` says of a data set. */
import type { Datalist, SkippedFile, Subject, Survey } from "../lib/dataset/mod.ts";
import { groupSkipped } from "./_skipped_files.ts";

/** Everything that a report tells. */
export interface DatalistFacts {
  readonly root: string;
  /** `BraTS 2021, recognised by 5004 images`. */
  readonly layout: string;
  readonly seed: number;
  readonly datalist: Datalist;
  readonly survey: Survey;
  readonly skipped: readonly SkippedFile[];
  /** Whether headers were read. */
  readonly headers: boolean;
}

/** Column where values begin. */
const INDENT = 12;

/**
 * The report.
 *
 * @param options `limit`: items that a list names at most
 */
export function datalistReport(facts: DatalistFacts, { limit }: { limit: number }): string[] {
  const { root, layout, seed, datalist: { training, validation }, survey, skipped, headers } = facts;
  const { subjects, persons, labelled, grids, duplicates, doubtful } = survey;
  const otherGrid = skipped.filter((file) => file.otherGrid);
  const of = persons === subjects ? "" : ` of ${count(persons, "person")}`;
  return [
    entry("root", root),
    entry("layout", layout),
    entry("subjects", `${count(subjects, "subject")}${of}, ${format(labelled)} with a label`),
    entry("split", `${format(training.length)} for training, ${format(validation.length)} held out (seed ${seed})`),
    "",
    ...modalityTable(survey),
    "",
    ...(headers
      ? [
        ...listed("grids", grids.map(describeGrid), limit),
        ...listed("other grids", otherGrid.map(({ file }) => `${file} (left out)`), limit),
        ...listed("duplicates", duplicates.map((files) => some(files, limit).join(" = ")), limit),
        ...listed("doubtful", doubtful.map(({ file, doubt }) => `${file}: ${doubt}`), limit),
      ]
      : [entry("headers", "not read: grids, duplicates and damaged files are unknown")]),
    ...leftOutLines(skipped, limit),
  ];
}

/** One line per subject: its modalities and what else is known; for the file, not for the screen. */
export function subjectLines({ datalist: { training, validation }, survey }: DatalistFacts): string[] {
  const columns = [...survey.modalities.keys()];
  const line = (subject: Subject, side: string): string => {
    const own = new Set(subject.images.map(({ modality }) => modality));
    const marks = columns.map((modality) => (own.has(modality) ? modality : "-").padEnd(6)).join("");
    const rest = [side, subject.label === undefined ? "" : "label", subject.group ?? ""].filter((word) => word !== "");
    return `  ${marks} ${subject.id}  ${rest.join("  ")}`;
  };
  return [
    "",
    "Subjects:",
    ...training.map((subject) => line(subject, "training")),
    ...validation.map((subject) => line(subject, "validation")),
  ];
}

/** Which modalities occur together, and how often. */
function modalityTable({ modalities, sets, subjects }: Survey): string[] {
  const columns = [...modalities.keys()];
  const width = Math.max(6, ...[...modalities.values()].map((value) => format(value).length + 1));
  const row = (cells: readonly string[], total: string): string =>
    `  ${cells.map((cell) => cell.padEnd(width)).join("")}${total.padStart(10)}`;
  return [
    row(columns, "subjects"),
    ...sets.map((set) =>
      row(columns.map((modality) => (set.modalities.includes(modality) ? "x" : "-")), format(set.subjects))
    ),
    row(columns.map((modality) => format(modalities.get(modality)!)), format(subjects)),
  ];
}

function describeGrid({ size, spacingMm, subjects }: Survey["grids"][number]): string {
  return `${size.join(" × ")} voxels of ${spacingMm.join(" × ")} mm: ${count(subjects, "subject")}`;
}

function leftOutLines(skipped: readonly SkippedFile[], limit: number): string[] {
  if (skipped.length === 0) return [entry("left out", "no file")];
  const lines = groupSkipped(skipped).flatMap(({ files, reason }) => [
    `  ${count(files.length, "file")}: ${reason}`,
    ...some(files, limit).map((file) => `    ${file}`),
  ]);
  return [entry("left out", count(skipped.length, "file")), ...lines];
}

/** A heading with its only item or `none`, or with the number of items and some of them below. */
function listed(name: string, items: readonly string[], limit: number): string[] {
  if (items.length === 0) return [entry(name, "none")];
  if (items.length === 1) return [entry(name, items[0])];
  return [entry(name, format(items.length)), ...some(items, limit).map((item) => `  ${item}`)];
}

function some(items: readonly string[], limit: number): string[] {
  if (items.length <= limit) return [...items];
  return [...items.slice(0, limit), `… and ${format(items.length - limit)} more`];
}

function entry(name: string, value: string): string {
  return `${name.padEnd(INDENT)}${value}`;
}

function count(value: number, noun: string): string {
  return `${format(value)} ${noun}${value === 1 ? "" : "s"}`;
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}
