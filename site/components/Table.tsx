/** Tables of numbers. */
import type { ComponentChildren, VNode } from "preact";

/** A column's title, and whether it holds numbers. */
export interface Column {
  readonly title: ComponentChildren;
  readonly isNumber?: boolean;
}

/** A table that scrolls by itself where it is too wide, with the keyboard too; the first cell of a row is its heading. */
export function DataTable(
  { caption, columns, rows }: {
    caption: string;
    columns: readonly Column[];
    rows: readonly (readonly ComponentChildren[])[];
  },
): VNode {
  const classOf = (c: number): string | undefined => columns[c].isNumber ? "number" : undefined;
  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>{columns.map(({ title }, c) => <th scope="col" key={c} class={classOf(c)}>{title}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map((row, r) => (
            <tr key={r}>
              {row.map((cell, c) =>
                c === 0 ? <th scope="row" key={c}>{cell}</th> : <td key={c} class={classOf(c)}>{cell}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
