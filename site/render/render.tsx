/** Renders routes to HTML with their islands marked, and addresses made relative. */
import { type ComponentType, createContext, type FunctionComponent, h, options, type VNode } from "preact";
import { useContext } from "preact/hooks";
import { renderToString } from "preact-render-to-string";
import { urlFrom } from "../urls.ts";
import type { Context, Handlers, Page, State } from "../utils.ts";

/** What a file of routes/ exports. */
export interface RouteModule {
  readonly default: Page;
  readonly handler?: Handlers;
  /** The values of a route's `[name]` parts for which there are pages; Fresh has no use for it. */
  readonly paths?: (state: State) => readonly Readonly<Record<string, string>>[];
}

/** The islands by their components; the name is that of the file. */
export type Islands = ReadonlyMap<unknown, string>;

/** What to render. */
export interface PageRequest {
  /** Address from the root, e.g. `/runs/first`. */
  readonly page: string;
  readonly params: Readonly<Record<string, string>>;
  readonly state: State;
  /** Path that the site is published under, for a page that has no place of its own: `/brainmvp/`. */
  readonly base?: string;
}

/** The parts that all pages are made of. */
export interface Renderer {
  readonly app: RouteModule;
  readonly islands: Islands;
}

/**
 * Renders one page.
 *
 * @returns a whole HTML document
 * @throws {TypeError} when an island is given a property that JSON cannot carry
 */
export async function renderPage(
  route: RouteModule,
  { request, renderer }: { request: PageRequest; renderer: Renderer },
): Promise<string> {
  const { page, params, state, base } = request;
  const context: Context = { state, params, url: new URL(page, "http://localhost/") };
  const data = (await route.handler?.GET(context))?.data;
  const Component: FunctionComponent = () => <>{route.default({ ...context, data, Component: () => null })}</>;
  const App: FunctionComponent = () => <>{renderer.app.default({ ...context, data, Component })}</>;
  const used = new Set<string>();
  const toUrl = (target: string): string => urlFrom(target, base === undefined ? { page } : { base });
  const html = withHook(markVNode({ islands: renderer.islands, used, toUrl }), () => renderToString(<App />));
  return `<!doctype html>\n${withScripts(html, { used, toUrl })}\n`;
}

function withScripts(html: string, { used, toUrl }: { used: Set<string>; toUrl: (target: string) => string }): string {
  if (used.size === 0) return html;
  const preloads = [...used].map((name) => `<link rel="modulepreload" href="${toUrl(`/islands/${name}.js`)}">`);
  const script = `<script type="module" src="${toUrl("/client.js")}"></script>`;
  return html.replace("</head>", `${preloads.join("")}${script}</head>`)
    .replace("<html", `<html data-root="${toUrl("/")}"`);
}

/** True inside an island: what it contains wakes with it. */
const InsideIsland = createContext(false);

type Marker = (vnode: VNode) => void;

/** Puts islands into marked elements and makes the addresses of elements relative. */
function markVNode(
  { islands, used, toUrl }: { islands: Islands; used: Set<string>; toUrl: (target: string) => string },
): Marker {
  let isBare = false;
  const rootOf = (Island: ComponentType<Record<string, unknown>>, name: string): FunctionComponent =>
    function IslandRoot(props: Record<string, unknown>): VNode {
      const inside = useContext(InsideIsland);
      isBare = true;
      const island = h(Island, props);
      isBare = false;
      if (inside) return island;
      used.add(name);
      return (
        <div data-island={name} data-props={serialize(name, props)}>
          <InsideIsland.Provider value>{island}</InsideIsland.Provider>
        </div>
      );
    };
  return (vnode) => {
    if (typeof vnode.type === "string") return rewriteAddresses(vnode.props as Record<string, unknown>, toUrl);
    const name = islands.get(vnode.type);
    if (name === undefined || isBare) return;
    vnode.type = rootOf(vnode.type as ComponentType<Record<string, unknown>>, name) as VNode["type"];
  };
}

const ADDRESSES = ["href", "src", "poster"];

function rewriteAddresses(props: Record<string, unknown>, toUrl: (target: string) => string): void {
  for (const name of ADDRESSES) {
    const value = props[name];
    if (typeof value === "string") props[name] = toUrl(value);
  }
}

function serialize(name: string, props: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(props, (key, value) => {
    const isLost = typeof value === "function" || typeof value === "symbol" || typeof value === "bigint" ||
      ArrayBuffer.isView(value) || (typeof value === "number" && !Number.isFinite(value)) || key === "children";
    if (!isLost) return value;
    throw new TypeError(`Cannot render island ${name}: expected properties that JSON carries, got another in "${key}"`);
  });
}

/** Preact calls the hook for every element that is made; earlier hooks go on being called. */
function withHook<T>(hook: Marker, work: () => T): T {
  const before = options.vnode;
  options.vnode = (vnode) => {
    before?.(vnode);
    hook(vnode);
  };
  try {
    return work();
  } finally {
    options.vnode = before;
  }
}
