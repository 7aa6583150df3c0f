/** Head and foot of every page. */
import type { VNode } from "preact";
import ThemeToggle from "../islands/ThemeToggle.tsx";

/** The pages of the navigation, in its order. */
export const NAVIGATION: readonly (readonly [address: string, name: string])[] = [
  ["/ablation", "Ablation"],
  ["/downstream", "Downstream"],
  ["/studies", "Studies"],
  ["/templates", "Templates"],
  ["/try", "Try it"],
  ["/speed", "Speed"],
  ["/runs", "Runs"],
  ["/models", "Models"],
  ["/about", "About"],
];

/** Name of the project, navigation and the switch of colours. */
export function Header({ path }: { path: string }): VNode {
  const current = (address: string): "page" | "true" | undefined =>
    path === address ? "page" : path.startsWith(`${address}/`) ? "true" : undefined;
  return (
    <header class="top">
      <div class="top-inner">
        <a class="brand" href="/" aria-current={path === "/" ? "page" : undefined}>
          <Mark />
          <span>
            BrainMVP <span class="brand-soft">for Deno</span>
          </span>
        </a>
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
      </div>
    </header>
  );
}

/** Four blocks, more or less hidden. */
function Mark(): VNode {
  return (
    <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
      <rect x="0" y="0" width="9" height="9" rx="1.5" />
      <rect x="11" y="0" width="9" height="9" rx="1.5" opacity="0.4" />
      <rect x="0" y="11" width="9" height="9" rx="1.5" opacity="0.22" />
      <rect x="11" y="11" width="9" height="9" rx="1.5" opacity="0.7" />
    </svg>
  );
}

/** What holds for all pages. */
export function Footer({ version }: { version: string }): VNode {
  return (
    <footer class="bottom">
      <div class="bottom-inner">
        <p>
          BrainMVP for Deno {version}, MIT licence. The method is that of{" "}
          <cite>Multi-modal Vision Pre-training for Medical Image Analysis</cite>{" "}
          (CVPR 2025); this is an independent implementation.
        </p>
        <p>
          Every number here was measured, or is marked as the paper's. This site loads nothing from elsewhere and sets
          no cookies.
        </p>
      </div>
    </footer>
  );
}
