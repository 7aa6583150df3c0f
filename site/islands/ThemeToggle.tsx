/** Light, dark, or as the system has it. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";

type Theme = "light" | "dark";

function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export default function ThemeToggle(): VNode {
  const [theme, setTheme] = useState<Theme>();
  useEffect(() => setTheme(currentTheme()), []);
  const toggle = (): void => {
    const next = theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Without storage the choice holds for this page.
    }
    setTheme(next);
  };
  return (
    <button type="button" class="theme" onClick={toggle} aria-pressed={theme === "dark"}>
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d="M10 2a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 1.8v12.4a6.2 6.2 0 0 1 0-12.4Z" />
      </svg>
      <span class="hidden">Dark colours</span>
    </button>
  );
}
