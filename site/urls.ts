/** Addresses: pages refer to one another relatively, so that the site works under any path of any static host. */

/**
 * A root-absolute address as seen from a page.
 *
 * Addresses of pages end in `/`; those of files have a dot in their last part. All others, `https:` or `#part`, stay.
 *
 * @param target e.g. `/ablation#curves`, `/static/home.png`
 * @param from path of the page that refers to it, e.g. `/runs/first`; `absolute` puts `base` in front instead, for the page
 * of errors, which a host shows at any depth
 */
export function urlFrom(target: string, from: { readonly page: string } | { readonly base: string }): string {
  if (!/^\/(?!\/)/.test(target)) return target;
  const [, path, rest] = target.match(/^\/([^?#]*)(.*)$/s)!;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const whole = path === "" || path.endsWith("/") || name.includes(".") ? path : `${path}/`;
  if ("base" in from) return `${from.base}${whole}${rest}`;
  const up = "../".repeat(depthOf(from.page));
  return `${up}${whole}${rest}` || "./";
}

/** Folders between the root and the page: every page but the first is the index of a folder of its own. */
function depthOf(page: string): number {
  return page.split("/").filter((part) => part !== "").length;
}

/** Path of a page's file: `/ablation` → `ablation/index.html`, `/` → `index.html`. */
export function fileOfPage(page: string): string {
  return [...page.split("/").filter((part) => part !== ""), "index.html"].join("/");
}

/**
 * In an island: the address of a file of the site, wherever the site is published. While the site is built the path stays as
 * it is: rendering makes it relative.
 *
 * @param path root-absolute, e.g. `/workers/predict.js`, `/data/templates/run/frames.json`
 */
export function siteUrl(path: string): string {
  if (typeof document === "undefined") return path;
  const root = new URL(document.documentElement.dataset.root ?? "./", document.baseURI);
  return new URL(path.replace(/^\//, ""), root).href;
}
