/** Everything that the pages show, read before they are rendered. */
import type { TemplateRun } from "./template_runs.ts";

/** What was found in result files and run folders. */
export interface SiteData {
  /** Version of the toolkit. */
  readonly version: string;
  readonly templateRuns: readonly TemplateRun[];
}
