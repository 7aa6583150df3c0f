/** How long a training step takes, here and elsewhere. */
import * as Plot from "@observablehq/plot";
import type { StepBlock } from "../../bench/results.ts";
import type { Chart } from "../../lib/report/mod.ts";
import { drawPlot } from "./plot.ts";

const OURS = "var(--cmr, #0072b2)", TORCH = "var(--baseline, #767676)";

/** Bars of seconds; null when no step was measured. */
export function stepChart(steps: readonly StepBlock[]): Chart | null {
  const bars = steps.flatMap((step) => {
    const group = `${NETWORKS[step.backbone] ?? step.backbone}, ${step.run.size}³`;
    const own = { group, method: "this toolkit", seconds: step.ours.ms / 1000, color: OURS };
    return step.torch === null
      ? [own]
      : [own, { group, method: "PyTorch", seconds: step.torch.ms / 1000, color: TORCH }];
  });
  if (bars.length === 0) return null;
  const groups = [...new Set(bars.map(({ group }) => group))];
  const svg = drawPlot({
    height: 56 + 58 * groups.length,
    marginTop: 8,
    marginLeft: 112,
    marginRight: 48,
    marginBottom: 38,
    ariaLabel: "Seconds per training step, shorter is better",
    x: { label: "seconds per training step", grid: true, ticks: 5, nice: true, zero: true },
    y: { axis: null, domain: ["this toolkit", "PyTorch"] },
    fy: { label: null, domain: groups, axis: "left", padding: 0.25 },
    marks: [
      Plot.barX(bars, { fy: "group", y: "method", x: "seconds", fill: "color", insetTop: 1, insetBottom: 1 }),
      Plot.text(bars, {
        fy: "group",
        y: "method",
        x: "seconds",
        text: ({ seconds }: { seconds: number }) => `${seconds.toFixed(1)} s`,
        textAnchor: "start",
        dx: 5,
        fill: "currentColor",
      }),
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.6 }),
    ],
  });
  return { svg, legend: [{ label: "this toolkit", color: OURS }, { label: "PyTorch", color: TORCH }] };
}

const NETWORKS: Readonly<Record<string, string>> = { uniformer: "UniFormer", unet3d: "UNET3D" };
