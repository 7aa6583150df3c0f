/** What builds the site: its renderer, the readers of results, and the shape of its data. */
export { type AblationStudy, readAblations } from "./data/ablation.ts";
export { type DownstreamResult, readDownstream } from "./data/downstream.ts";
export type { ResultFile } from "./data/result_file.ts";
export { type FinetuningRun, parseRecords, type PretrainingRun, type Run } from "./data/runs.ts";
export type { ModelPage, SiteData } from "./data/site_data.ts";
export {
  type LabelEfficiencyStudy,
  type MissingModalityStudy,
  readLabelEfficiency,
  readMissingModality,
} from "./data/studies.ts";
export type { TemplateFrame, TemplateRun } from "./data/template_runs.ts";
export { type Islands, type PageRequest, type Renderer, renderPage, type RouteModule } from "./render/render.tsx";
export { addressOf, type RouteFile, routeOf } from "./render/routes.ts";
export { type RenderedScene, renderScene, SCENE, sceneKey, type SceneOptions } from "./render/scene.ts";
export { fileOfPage, urlFrom } from "./urls.ts";
export type { State } from "./utils.ts";
