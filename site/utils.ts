/** What routes are written with: the names and shapes of Fresh 2, whose `createDefine<State>()` can stand in for this file. */
import type { ComponentChildren, FunctionComponent } from "preact";
import type { SiteData } from "./data/site_data.ts";

/** What all pages share. */
export interface State {
  /** Title of the page; set by its handler, read by `_app.tsx`. */
  title: string;
  /** One sentence for search engines and link previews. */
  description: string;
  /** Everything that was read before rendering. */
  readonly site: SiteData;
}

/** What a handler is given. */
export interface Context {
  readonly state: State;
  /** Address of the page, without the base path that it is published under. */
  readonly url: URL;
  /** Values of the `[name]` parts of the route's file name. */
  readonly params: Readonly<Record<string, string>>;
}

/** What a page is given. */
export interface PageProps<Data = unknown> extends Context {
  /** What the handler returned. */
  readonly data: Data;
  /** The page itself, for `_app.tsx`. */
  readonly Component: FunctionComponent;
}

/** Runs before a page is rendered. */
export interface Handlers<Data = unknown> {
  GET(context: Context): { readonly data: Data } | Promise<{ readonly data: Data }>;
}

/** A page or the frame around all pages. */
export type Page<Data = unknown> = (props: PageProps<Data>) => ComponentChildren;

/** Gives the parts of a route their types. */
export const define = {
  page: <H extends Handlers<unknown> = Handlers<unknown>>(
    page: Page<H extends Handlers<infer Data> ? Data : unknown>,
  ): Page<never> => page as Page<never>,
  handlers: <Data>(handlers: Handlers<Data>): Handlers<Data> => handlers,
};
