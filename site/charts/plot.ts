/** Charts drawn while the site is built: SVG whose colours follow the page's. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Width in pixels: narrow enough for the labels to stay readable on a phone. */
export const CHART_WIDTH = 460;

/** Draws a plot as an `svg` element with a name for readers who cannot see it. */
export function drawPlot(options: Plot.PlotOptions & { readonly ariaLabel: string }): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const style = { fontSize: "12px", fontFamily: "inherit", overflow: "visible" };
  const svg = Plot.plot({ document, width: CHART_WIDTH, style, color: { type: "identity" }, ...options });
  svg.setAttribute("role", "img");
  return svg.outerHTML;
}
