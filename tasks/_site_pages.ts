/** Routes and islands of the site as modules, and the pages that they come to. */
import { addressOf, fileOfPage, type Islands, renderPage, type RouteModule, routeOf, type State } from "../site/mod.ts";
import type { SiteData } from "../site/mod.ts";
import { SITE, type SiteFile, sourcesUnder } from "./_site_files.ts";

/** A page as a file, and what of it others refer to. */
export interface RenderedPage extends SiteFile {
  /** Address from the root; undefined for the page of errors. */
  readonly address?: string;
}

/**
 * Renders all pages.
 *
 * @param base path under which the site is published, for the page of errors; every other page works under any
 */
export async function renderPages(data: SiteData, { base }: { base: string }): Promise<RenderedPage[]> {
  const files = await sourcesUnder("routes/", /\.tsx$/);
  const [app, notFound] = await Promise.all(["_app.tsx", "_404.tsx"].map(loadRoute));
  const renderer = { app, islands: await loadIslands() };
  const newState = (): State => ({ title: "", description: DESCRIPTION, site: data });
  const pages: RenderedPage[] = [];
  for (const route of files.map(routeOf).filter((found) => found !== undefined)) {
    const module = await loadRoute(route.file);
    for (const params of route.names.length === 0 ? [{}] : module.paths?.(newState()) ?? []) {
      const page = addressOf(route, params);
      const content = await renderPage(module, { request: { page, params, state: newState() }, renderer });
      pages.push({ path: fileOfPage(page), content, address: page });
    }
  }
  const request = { page: "/404", params: {}, state: newState(), base };
  return [...pages, { path: "404.html", content: await renderPage(notFound, { request, renderer }) }];
}

const DESCRIPTION =
  "Pre-training of 3-D vision models on multi-parametric brain MRI, in TypeScript: method, results, viewers.";

function loadRoute(file: string): Promise<RouteModule> {
  return import(new URL(`routes/${file}`, SITE).href);
}

async function loadIslands(): Promise<Islands> {
  const files = await sourcesUnder("islands/", /^[A-Z]\w*\.tsx$/);
  const modules = await Promise.all(files.map((file) => import(new URL(`islands/${file}`, SITE).href)));
  return new Map(modules.map((module, i) => [module.default, files[i].replace(/\.tsx$/, "")]));
}
