/** The style sheet of a report: system fonts, one accent per loss, light and dark, screen and paper. */

/** CSS text; refers to nothing outside the page. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1d1f21; --soft: #5d6166; --line: #e1e2e0; --panel: #f5f5f2;
  --cmr: #0072b2; --md: #d55e00; --cl: #00856a; --total: #4a4a4a; --baseline: #767676;
  --modality-1: #332288; --modality-2: #b5475d; --modality-3: #2f9485; --modality-4: #8a8420;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --ink: #e7e6e2; --soft: #a4a8ad; --line: #32363b; --panel: #1d2024;
    --cmr: #56b4e9; --md: #f09048; --cl: #35c9a2; --total: #c9c9c4; --baseline: #94989d;
    --modality-1: #a99bf5; --modality-2: #ea8fa0; --modality-3: #62cdb9; --modality-4: #cfc65a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; letter-spacing: -0.01em; }
h2 { font-size: 1.3rem; margin: 0 0 0.9rem; letter-spacing: -0.005em; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; }
p { margin: 0 0 0.75rem; max-width: 44rem; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.2em; }
section { margin-top: 2.75rem; padding-top: 1.75rem; border-top: 1px solid var(--line); }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin-top: 1.5rem; font-size: 0.925rem; }
.kicker { margin: 0 0 0.35rem; color: var(--soft); font-size: 0.875rem; }
.soft { color: var(--soft); }
.empty { color: var(--soft); font-style: italic; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0; }
.tile { margin: 0; padding: 1rem 1.15rem; background: var(--panel); border-radius: 0.5rem; border-left: 4px solid; }
.tile h2 { margin: 0; font-size: 0.875rem; font-weight: 600; letter-spacing: 0; }
.tile p { margin: 0; font-size: 0.875rem; color: var(--soft); }
.tile .value { font-size: 1.75rem; line-height: 1.3; color: var(--ink); font-variant-numeric: tabular-nums; }
.tile .value small { font-size: 1rem; }
.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.3rem 1.5rem; margin: 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; min-width: 0; }
.terms { margin: 1.5rem 0 0; padding: 0; list-style: none; font-size: 0.875rem; color: var(--soft); max-width: 52rem; }
.terms li { margin: 0.3rem 0; padding-left: 0.9rem; border-left: 2px solid var(--line); }
.terms b { font-weight: 600; color: var(--ink); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 2rem 2.5rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figcaption { margin-bottom: 0.5rem; }
figure svg { display: block; width: 100%; height: auto; color: var(--soft); }
.legend {
  display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; margin: 0 0 0.4rem; padding: 0; list-style: none;
  font-size: 0.875rem;
}
.legend svg { display: inline-block; width: 1.75rem; height: 0.5rem; margin-right: 0.4rem; vertical-align: middle; }
.events { font-size: 0.875rem; margin: 1.25rem 0 0; padding-left: 1.5rem; }
.examples { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 2.25rem 2.5rem; }
.scroll { overflow-x: auto; margin: 0 0 1.5rem; white-space: nowrap; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.5rem; font-weight: 600; }
th { font-weight: 600; text-align: left; }
td, th { padding: 0.35rem 0.8rem; border-bottom: 1px solid var(--line); vertical-align: baseline; }
td:first-child, th:first-child { padding-left: 0; }
thead th { color: var(--soft); font-weight: 500; border-bottom-color: var(--soft); vertical-align: bottom; }
.number { text-align: right; }
.group th { padding-top: 1.2rem; border-left: 0; }
.mean th, .mean td { font-weight: 600; border-bottom-color: var(--soft); }
.win { font-weight: 700; }
.win::before { content: "▸ "; color: var(--accent, inherit); }
.cmr { --accent: var(--cmr); border-left-color: var(--cmr); }
.md { --accent: var(--md); border-left-color: var(--md); }
.key { color: var(--accent); }
.slices { width: 100%; table-layout: fixed; }
.slices td, .slices th { border: 0; padding: 2px; font-size: 0.8125rem; font-weight: 500; vertical-align: middle; }
.slices tbody th { width: 5.5rem; vertical-align: middle; color: var(--soft); }
.slices thead th { text-align: center; border: 0; }
.slices thead td { width: 5.5rem; }
.slices img { display: block; width: 100%; height: auto; border-radius: 2px; background: #000; }
summary { cursor: pointer; margin-bottom: 0.75rem; }
.code { font: 0.8125rem/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
@media (max-width: 34rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  td, th { padding: 0.3rem 0.55rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 0.5rem; }
  .slices tbody th, .slices thead td { width: 3.25rem; }
  .slices td, .slices th { padding: 1px; font-size: 0.6875rem; }
  .slices thead th { font-size: 0.625rem; overflow-wrap: normal; }
}
@media print {
  :root { --paper: #fff; --panel: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  section { break-inside: auto; }
  h2, h3, caption { break-after: avoid; }
  .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; height: auto; }
  tr, .tile, img { break-inside: avoid; }
}
`;
