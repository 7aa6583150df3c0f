/** Masks a scan and rebuilds it in the browser. */
import type { VNode } from "preact";

export default function TryIt(): VNode {
  return <p class="empty">Nothing to try yet.</p>;
}
