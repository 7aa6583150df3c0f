/** Everything that the pages show, read before they are rendered. */
import type { BenchResults } from "../../bench/results.ts";
import type { AblationStudy } from "./ablation.ts";
import type { DownstreamResult } from "./downstream.ts";
import type { PhantomScene } from "./phantom_scene.ts";
import type { Run } from "./runs.ts";
import type { LabelEfficiencyStudy, MissingModalityStudy } from "./studies.ts";
import type { TemplateRun } from "./template_runs.ts";

/** An exported model. */
export interface ModelPage {
  /** Name of its folder, or of the run that it was exported from: the page's address. */
  readonly name: string;
  /** The card, as Markdown. */
  readonly card: string;
  /** What lies beside it, with sizes in bytes. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** What was found in result files and folders. */
export interface SiteData {
  /** Version of the toolkit. */
  readonly version: string;
  readonly phantom: PhantomScene;
  readonly ablations: readonly AblationStudy[];
  readonly downstream: readonly DownstreamResult[];
  readonly labelEfficiency: readonly LabelEfficiencyStudy[];
  readonly missingModality: readonly MissingModalityStudy[];
  readonly bench: BenchResults;
  readonly runs: readonly Run[];
  readonly templateRuns: readonly TemplateRun[];
  readonly models: readonly ModelPage[];
}
