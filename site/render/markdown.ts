/** Model cards as HTML. */
// deno-lint-ignore no-import-prefix -- only the site needs it: runs should not have to download it
import { Marked, type Tokens } from "npm:marked@18.2.1";

const marked = new Marked({
  gfm: true,
  renderer: {
    // A card is text: markup in it is shown, not obeyed.
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return escape(text);
    },
    image({ text }: Tokens.Image): string {
      return escape(text);
    },
    code({ text }: Tokens.Code): string {
      return `<pre tabindex="0"><code>${escape(text)}</code></pre>`;
    },
    link({ href, text }: Tokens.Link): string {
      return /^(https?:|#)/.test(href) ? `<a href="${escape(href)}">${escape(text)}</a>` : escape(text);
    },
  },
});

/** Renders a card; tables scroll by themselves, and nothing in it loads or runs anything. */
export function renderMarkdown(text: string): string {
  let tables = 0;
  return (marked.parse(text, { async: false }) as string)
    .replaceAll(
      "<table>",
      () => `<div class="scroll" role="region" aria-label="Table ${++tables}" tabindex="0"><table>`,
    )
    .replaceAll("</table>", "</table></div>")
    // A heading without text is none.
    .replaceAll(/<th[^>]*><\/th>/g, "<td></td>");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
