/** What builds the site: its renderer and the shape of its data. */
export type { SiteData } from "./data/site_data.ts";
export type { TemplateFrame, TemplateRun } from "./data/template_runs.ts";
export { type Islands, type PageRequest, type Renderer, renderPage, type RouteModule } from "./render/render.tsx";
export { addressOf, type RouteFile, routeOf } from "./render/routes.ts";
export { fileOfPage, urlFrom } from "./urls.ts";
export type { State } from "./utils.ts";
