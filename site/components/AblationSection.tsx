/** An ablation of one scale: curves and tables. */
import type { VNode } from "preact";
import { ablationChart, type AblationScore, VARIANT_TITLES } from "../../lib/report/mod.ts";
import type { AblationStudy } from "../data/ablation.ts";
import { formatCount, formatDifference, formatInterval, formatProbability, formatShare } from "../format.ts";
import { ChartFigure } from "./Chart.tsx";
import { Facts, Source } from "./Parts.tsx";
import { type Column, DataTable } from "./Table.tsx";

const SCALES: Readonly<Record<string, string>> = {
  quick: "Quick: synthetic heads at low resolution",
  full: "Full: the paper's sizes",
};

export function AblationSection({ study }: { study: AblationStudy }): VNode {
  const { scale, scores, seeds, cells, dates, machines, versions } = study;
  const headlines = scores.filter(({ region }) => region === null || region === "mean");
  const shown = headlines.length > 0 ? headlines : scores;
  const others = scores.filter((score) => !shown.includes(score));
  return (
    <section aria-labelledby={`${scale}-title`}>
      <h2 id={`${scale}-title`}>{SCALES[scale] ?? scale}</h2>
      <div class="charts">
        {shown.map((score) => <ChartFigure key={titleOf(score)} title={titleOf(score)} chart={ablationChart(score)} />)}
      </div>
      {shown.map((score) => <ScoreTable key={titleOf(score)} score={score} />)}
      {others.length > 0 && (
        <details>
          <summary>Scores of single regions</summary>
          {others.map((score) => <ScoreTable key={titleOf(score)} score={score} />)}
        </details>
      )}
      <Source>
        Means are over the seeds, then over held-out subjects; intervals are 95 % bootstrap intervals over subjects and
        hold for these trainings: how much another training may differ shows in the means of the seeds. p is that of a
        two-sided Wilcoxon signed-rank test, corrected by Holm for all comparisons of the score.
      </Source>
      <Facts
        facts={{
          "cells": `${formatCount(cells)} (${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")})`,
          ...Object.fromEntries(study.tasks.map(describeTask)),
          "measured": dates[0] === dates[1] ? dates[0] : `${dates[0]} to ${dates[1]}`,
          "on": machines.map((machine) => <div key={machine}>{machine}</div>),
          "code": versions.join(", "),
        }}
      />
    </section>
  );
}

function describeTask(
  { task, heldOut, trainingSubjects, updates, pretraining }: AblationStudy["tasks"][number],
): [string, string] {
  const learned = `${formatCount(trainingSubjects)} labelled subjects, ${
    formatCount(updates)
  } updates, ${heldOut} held out`;
  const before = pretraining === null
    ? null
    : `pre-training on ${formatCount(pretraining.trainingSubjects)} subjects, ${
      formatCount(pretraining.updates)
    } updates`;
  return [task, before === null ? learned : `${before}; ${learned}`];
}

function titleOf({ task, name, region, unit }: AblationScore): string {
  const part = region === null ? "" : region === "mean" ? ", mean of regions" : ` ${region}`;
  return `${task}: ${name}${part}${unit === null ? "" : ` (${unit})`}`;
}

const COLUMNS: readonly Column[] = [
  { title: "losses" },
  { title: "mean", isNumber: true },
  { title: "95 % interval", isNumber: true },
  { title: "by seed", isNumber: true },
  { title: "over the row above", isNumber: true },
  { title: "95 % interval", isNumber: true },
  { title: "p (Holm)", isNumber: true },
  { title: "over scratch", isNumber: true },
  { title: "p (Holm)", isNumber: true },
];

function ScoreTable({ score }: { score: AblationScore }): VNode {
  const format = score.unit === null ? formatShare : formatUnit;
  const better = score.better === "higher" ? "higher is better" : "lower is better";
  return (
    <DataTable
      caption={`${titleOf(score)}; ${better}`}
      columns={COLUMNS}
      rows={score.rows.map(({ variant, seedMeans, overPrevious, overScratch, ...estimate }) => [
        VARIANT_TITLES[variant],
        format(estimate.mean),
        formatInterval(estimate, format),
        seedMeans.map((value) => format(value)).join("  "),
        overPrevious && formatDifference(overPrevious.mean, format),
        overPrevious && formatInterval(overPrevious, format),
        overPrevious && formatProbability(overPrevious.correctedPValue),
        overScratch && formatDifference(overScratch.mean, format),
        overScratch && formatProbability(overScratch.correctedPValue),
      ])}
    />
  );
}

function formatUnit(value: number | null): string {
  return value === null || !Number.isFinite(value)
    ? "–"
    : value.toFixed(2).replace(/^-(?=0\.00$)/, "").replace("-", "−");
}
