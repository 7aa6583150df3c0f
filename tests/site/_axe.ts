/** Accessibility of a page as it stands. */
import assert from "node:assert/strict";
import type { Page } from "../../tasks/_playwright.ts";

/** Fails with what axe finds; the page's context must bypass the Content-Security-Policy. */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  // deno-lint-ignore no-import-prefix -- only tests need it: runs should not have to download it
  const { default: axe } = await import("npm:axe-core@4.14.1");
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    // deno-lint-ignore no-explicit-any -- axe is a global of the page
    const { violations } = await (globalThis as any).axe.run(document);
    return violations.map((violation: { id: string; nodes: { html: string }[] }) => {
      return `${violation.id}: ${violation.nodes.map(({ html }) => html).slice(0, 3).join(" ")}`;
    });
  });
  assert.deepEqual(violations, [], name);
}
