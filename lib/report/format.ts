/** Numbers as a report prints them, the same in every locale. */

/** A number of dB with two decimals; `n/a` when it is not a number. */
export function formatDb(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "n/a";
}

/** A difference in dB with its sign; `n/a` when it is not a number. */
export function formatGain(value: number): string {
  return Number.isFinite(value) && value.toFixed(2)[0] !== "-" ? `+${value.toFixed(2)}` : formatDb(value);
}

/** A count with thousands separated, the same in every locale. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `n things` in the right number. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
