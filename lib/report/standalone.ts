/** Charts as one SVG file that stands by itself: titles and legends in it, no variables of a page. */
import type { Chart } from "./curves.ts";

/** A chart and what it is of. */
export interface Panel {
  readonly title: string;
  readonly chart: Chart;
}

const MARGIN = 16;
const TITLE_HEIGHT = 24;
const LEGEND_HEIGHT = 22;
/** Room of a legend's entry: its line, and so much per character. */
const SWATCH = 40;
const CHARACTER = 7.2;

/** Puts charts below one another, each under its title; the legend stands at the top, or under each title where they differ. */
export function standaloneSvg(panels: readonly Panel[]): string {
  const isShared = new Set(panels.map(({ chart }) => JSON.stringify(chart.legend))).size === 1;
  let y = isShared ? MARGIN + LEGEND_HEIGHT : MARGIN;
  const placed = panels.map(({ title, chart }) => {
    const { width, height } = sizeOf(chart.svg);
    const top = y;
    const own = isShared ? "" : legend(chart.legend, top + TITLE_HEIGHT + 10);
    const chartTop = top + TITLE_HEIGHT + (isShared ? 0 : LEGEND_HEIGHT);
    y = chartTop + height + MARGIN;
    const heading = `<text x="${MARGIN}" y="${top + 16}" font-size="14" font-weight="600">${escape(title)}</text>`;
    return { width, text: heading + own + place(chart.svg, chartTop) };
  });
  const width = Math.max(...placed.map((panel) => panel.width)) + 2 * MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}"`,
    ` font-family="system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif" font-size="12" color="#1d1f21" fill="#1d1f21">\n`,
    `<rect width="100%" height="100%" fill="#ffffff"/>\n`,
    isShared ? legend(panels[0].chart.legend, MARGIN) : "",
    ...placed.map(({ text }) => `${text}\n`),
    "</svg>\n",
  ].join("");
}

/** @param y height of its lines */
function legend(entries: Chart["legend"], y: number): string {
  let x = MARGIN;
  return entries.map(({ label, color, dash }) => {
    const at = x;
    x += SWATCH + CHARACTER * label.length + MARGIN;
    const line = `<line x1="${at}" x2="${at + 28}" y1="${y}" y2="${y}" stroke="${plain(color)}" ` +
      `stroke-width="3"${dash === undefined ? "" : ` stroke-dasharray="${dash}"`}/>`;
    return `${line}<text x="${at + 34}" y="${y + 4}">${escape(label)}</text>\n`;
  }).join("");
}

/** Without the chart's own style sheet: its `height: auto` is meant for a page, and here would be the whole file's. */
function place(svg: string, y: number): string {
  return plain(svg).replace(/<style>.*?<\/style>/s, "").replace(/^<svg /, `<svg x="${MARGIN}" y="${y}" `);
}

/** Colours of a page's variables as their defaults. */
function plain(text: string): string {
  return text.replaceAll(/var\(--[\w-]+, ([^()]+)\)/g, "$1");
}

function sizeOf(svg: string): { width: number; height: number } {
  const [width, height] = ["width", "height"].map((name) => Number(svg.match(new RegExp(` ${name}="([\\d.]+)"`))?.[1]));
  return { width, height };
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
