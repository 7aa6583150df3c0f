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
      <span aria-hidden="true">{theme === "dark" ? "☾" : "☀"}</span>
      <span class="hidden">Dark colours</span>
    </button>
  );
}
