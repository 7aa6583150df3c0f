/** A chart with its title and legend. */
import type { VNode } from "preact";
import type { Chart } from "../../lib/report/mod.ts";

/** A chart under its title and legend, or a sentence that says why there is none. */
export function ChartFigure(
  { title, chart, empty = "Nothing was measured.", level = 3 }: {
    title: string;
    chart: Chart | null;
    empty?: string;
    /** Rank of the title among the page's headings. */
    level?: 2 | 3 | 4;
  },
): VNode {
  const Title = `h${level}` as "h3";
  return (
    <figure class="chart">
      <figcaption>
        <Title>{title}</Title>
        {chart === null ? <p class="empty">{empty}</p> : <Legend chart={chart} />}
      </figcaption>
      {chart !== null && <div dangerouslySetInnerHTML={{ __html: withOneName(chart.svg) }} />}
    </figure>
  );
}

/** The picture has one name; those of its parts have no role that may carry them. */
function withOneName(svg: string): string {
  return svg.replaceAll(/(<g\b[^>]*?) aria-label="[^"]*"/g, "$1");
}

function Legend({ chart: { legend } }: { chart: Chart }): VNode {
  return (
    <ul class="legend">
      {legend.map(({ label, color, dash }) => (
        <li key={label}>
          <svg viewBox="0 0 28 8" aria-hidden="true">
            <line x1="0" y1="4" x2="28" y2="4" style={`stroke: ${color}`} stroke-width="3" stroke-dasharray={dash} />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  );
}
