/** Head and foot of every page. */
import type { VNode } from "preact";
import ThemeToggle from "../islands/ThemeToggle.tsx";

/** The pages of the navigation, in its order. */
export const NAVIGATION: readonly (readonly [address: string, name: string])[] = [
  ["/templates", "Templates"],
  ["/try", "Try it"],
];

/** Name of the project, navigation and the switch of colours. */
export function Header({ path }: { path: string }): VNode {
  const current = (address: string): "page" | "true" | undefined =>
    path === address ? "page" : path.startsWith(`${address}/`) ? "true" : undefined;
  return (
    <header class="top">
      <a class="brand" href="/" aria-current={path === "/" ? "page" : undefined}>BrainMVP for Deno</a>
      <nav aria-label="Pages">
        <ul>
          {NAVIGATION.map(([address, name]) => (
            <li key={address}>
              <a href={address} aria-current={current(address)}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
      <ThemeToggle />
    </header>
  );
}

/** What holds for all pages. */
export function Footer({ version }: { version: string }): VNode {
  return (
    <footer class="bottom">
      <p>BrainMVP for Deno {version}.</p>
    </footer>
  );
}
