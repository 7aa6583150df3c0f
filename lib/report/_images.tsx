/** Figures made of slices, and charts with their legends. */
import type { VNode } from "preact";
import type { Chart } from "./curves.ts";
import type { ImageTable } from "./figures.ts";

/** A table of slices with labels along both sides. */
export function SliceTable({ table, caption }: { table: ImageTable; caption: string }): VNode {
  return (
    <table class="slices">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <td />
          {table.columns.map((column) => <th scope="col" key={column}>{column}</th>)}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row) => (
          <tr key={row.label}>
            <th scope="row">{row.label}</th>
            {row.cells.map((cell) => (
              <td key={cell.alt}>
                <img src={cell.uri} alt={cell.alt} width={cell.width} height={cell.height} loading="lazy" />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A chart under its title and legend, or a sentence that says why there is none. */
export function ChartFigure({ chart, title, empty }: { chart: Chart | null; title: string; empty: string }): VNode {
  if (!chart) {
    return (
      <figure>
        <figcaption>
          <h3>{title}</h3>
          <p class="empty">{empty}</p>
        </figcaption>
      </figure>
    );
  }
  return (
    <figure>
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend">
          {chart.legend.map((entry) => (
            <li key={entry.label}>
              <svg viewBox="0 0 28 8" aria-hidden="true">
                <line
                  x1="0"
                  y1="4"
                  x2="28"
                  y2="4"
                  style={`stroke: ${entry.color}`}
                  stroke-width="2.5"
                  stroke-dasharray={entry.dash}
                />
              </svg>
              {entry.label}
            </li>
          ))}
        </ul>
      </figcaption>
      <div dangerouslySetInnerHTML={{ __html: chart.svg }} />
    </figure>
  );
}
