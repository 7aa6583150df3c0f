/** The templates of a run, slice by slice and epoch by epoch. */
import type { VNode } from "preact";
import type { TemplateRun } from "../data/template_runs.ts";

export default function TemplateViewer({ runs }: { runs: readonly TemplateRun[] }): VNode {
  return <p>{runs.map(({ name }) => name).join(", ")}</p>;
}
