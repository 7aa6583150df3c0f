/** Numbers as the pages print them, the same in every locale. */

/** `0.812`, or `–` where there is none. */
export function formatShare(value: number | null): string {
  return value === null || !Number.isFinite(value) ? "–" : minus(value.toFixed(3));
}

/** A share as `81.2`. */
export function formatPercent(value: number | null): string {
  return value === null || !Number.isFinite(value) ? "–" : minus((100 * value).toFixed(1));
}

/** A true minus sign; none before what is rounded to 0. */
function minus(text: string): string {
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** `[0.751, 0.863]`, or `–`. */
export function formatInterval({ low, high }: { low: number; high: number }, format = formatShare): string {
  return Number.isFinite(low) && Number.isFinite(high) ? `[${format(low)}, ${format(high)}]` : "–";
}

/** `+0.031`, `−0.004`, or `–`. */
export function formatDifference(value: number, format = formatShare): string {
  return Number.isFinite(value) ? `${value < 0 ? "−" : "+"}${format(Math.abs(value))}` : "–";
}

/** `0.031`, `< 0.001`, or `–`. */
export function formatProbability(p: number): string {
  if (!Number.isFinite(p)) return "–";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** `1,234`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `70.4 MB`: decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ["GB", 1e9] : bytes >= 1e6 ? ["MB", 1e6] : ["kB", 1e3];
  return `${(bytes / size).toFixed(1)} ${unit}`;
}

/** Three significant digits: `7450` as `7450`, `0.184` as it is. */
export function formatSignificant(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
