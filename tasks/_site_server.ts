/** A small server of static files, as the hosts that the site is meant for. */

/** Where the files appear. */
export interface ServeOptions {
  /** Path of the first page; begins and ends with `/`. */
  readonly base: string;
  /** 0 takes any that is free. */
  readonly port: number;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
  png: "image/png",
  wasm: "application/wasm",
  gz: "application/gzip",
};

/** Serves a folder to this machine only. */
export function serveFolder(folder: string, { base, port }: ServeOptions): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "localhost", port, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(base)) return notFound(folder);
    const path = decodePath(pathname.slice(base.length));
    if (path === undefined) return notFound(folder);
    return await fileResponse(folder, path) ?? await notFound(folder);
  });
}

/** Undefined for what is no path of the folder. The parts `..` are gone from an address, but encoded ones are not. */
function decodePath(text: string): string | undefined {
  try {
    const path = decodeURIComponent(text);
    return path.split(/[/\\]/).includes("..") ? undefined : path;
  } catch {
    return undefined;
  }
}

async function fileResponse(folder: string, path: string, status = 200): Promise<Response | undefined> {
  const name = path === "" || path.endsWith("/") ? `${path}index.html` : path;
  try {
    const bytes = await Deno.readFile(`${folder}/${name}`);
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return new Response(bytes, { status, headers: { "content-type": type, "cache-control": "no-store" } });
  } catch {
    return undefined;
  }
}

async function notFound(folder: string): Promise<Response> {
  return await fileResponse(folder, "404.html", 404) ?? new Response("Not found", { status: 404 });
}
