/** Results of studies: charts and tables. */
import { Fragment, type VNode } from "preact";
import { labelEfficiencyChart, missingModalityChart } from "../../lib/report/mod.ts";
import { type LabelEfficiencyStudy, type MissingModalityStudy, regionsOf } from "../data/studies.ts";
import { formatDifference, formatInterval, formatProbability, formatShare } from "../format.ts";
import { ChartFigure } from "./Chart.tsx";
import { Source } from "./Parts.tsx";
import { DataTable } from "./Table.tsx";

const STARTS = ["pre-trained", "from scratch"] as const;
const FILLS = ["template", "zero"] as const;

/** Pre-trained against scratch with shares of the labels. */
export function FewLabels({ study }: { study: LabelEfficiencyStudy }): VNode {
  const { task, recipe, origin, heldOut, seeds, equal, results } = study;
  const regions = regionsOf(results);
  const number = (title: string): { title: string; isNumber: true } => ({ title, isNumber: true });
  return (
    <Fragment>
      <div class="charts">
        {regions.map((region) => {
          const own = results.filter((result) => result.region === region);
          const lines = STARTS.map((method) => ({
            method,
            points: own.map(({ fraction, starts }) => ({ share: fraction / 100, ...starts[method] })),
          }));
          return (
            <ChartFigure
              key={region}
              title={`${task}: ${region}`}
              chart={labelEfficiencyChart(lines, { score: "Dice" })}
            />
          );
        })}
      </div>
      <DataTable
        caption={`${task}, ${regions[0]}: Dice by share of the labels`}
        columns={[
          { title: "labels" },
          number("subjects"),
          ...STARTS.flatMap((start) => [number(start), number("95 % interval"), number("by seed")]),
          number("difference"),
          number("95 % interval"),
          number("p (Holm)"),
        ]}
        rows={results.filter(({ region }) => region === regions[0]).map((result) => [
          `${result.fraction} %`,
          result.trainingSubjects,
          ...STARTS.map((start) => result.starts[start]).flatMap((start) => [
            formatShare(start.mean),
            formatInterval(start),
            start.seedMeans.map((value) => value.toFixed(2)).join("  "),
          ]),
          formatDifference(result.difference.mean),
          formatInterval(result.difference),
          formatProbability(result.correctedPValue),
        ])}
      />
      <Source>
        Recipe {recipe}, {origin}, {heldOut} held-out subjects, {seeds.length === 1 ? "seed" : "seeds"}{" "}
        {seeds.join(", ")}
        ; every share of the labels gets as many{" "}
        {equal}. Intervals are over subjects: another training may differ by more, as the seeds show.
      </Source>
    </Fragment>
  );
}

/** A network with sequences missing. */
export function MissingSequences({ study }: { study: MissingModalityStudy }): VNode {
  const { task, origin, results } = study;
  const regions = regionsOf(results);
  const all = Math.max(...results.map(({ present }) => present.length));
  const nameOf = (present: readonly string[]): string => present.length === all ? "all" : present.join(" ");
  const number = (title: string): { title: string; isNumber: true } => ({ title, isNumber: true });
  const own = results.filter(({ region }) => region === regions[0]);
  const groups = own.map(({ present, template, zero }) => ({ label: nameOf(present), scores: { template, zero } }));
  return (
    <Fragment>
      <ChartFigure
        title={`${task}, ${regions[0]}: Dice by the sequences that are there`}
        chart={missingModalityChart(groups, FILLS, { score: "Dice" })}
      />
      <DataTable
        caption={`${task}, ${regions[0]}: Dice with sequences missing`}
        columns={[
          { title: "sequences" },
          number("zeros"),
          number("95 % interval"),
          number("templates"),
          number("95 % interval"),
          number("difference"),
          number("95 % interval"),
          number("p (Holm)"),
        ]}
        rows={own.map(({ present, zero, template, comparison }) => [
          nameOf(present),
          formatShare(zero.mean),
          formatInterval(zero),
          formatShare(template.mean),
          formatInterval(template),
          comparison && formatDifference(comparison.difference.mean),
          comparison && formatInterval(comparison.difference),
          comparison && formatProbability(comparison.correctedPValue),
        ])}
      />
      <Source>
        Data: {origin}, {own[0].zero.count}{" "}
        subjects. Sequences that are missing are filled with zeros or with the distilled templates; intervals are over
        subjects.
      </Source>
    </Fragment>
  );
}
