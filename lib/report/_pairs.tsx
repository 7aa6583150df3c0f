/** Scores of pairs as accessible tables: an overview target × source, and every number. */
import { Fragment, type VNode } from "preact";
import type { PairScore } from "../results.ts";
import { formatDb, formatGain, plural } from "./format.ts";
import { type Contest, judge, meanScore, type Objective, objectiveOf, type Verdict } from "./scores.ts";
import { sortPairs } from "./tables.ts";

const OBJECTIVE_TITLES: Readonly<Record<Objective, string>> = {
  cmr: "CMR: filled from another modality",
  md: "MD: filled from the learned template",
};

/** PSNR of each target (rows) from each source (columns); what a baseline beats is marked. */
export function PairMatrix({ pairs }: { pairs: readonly PairScore[] }): VNode {
  const targets = [...new Set(pairs.map((pair) => pair.target))].sort();
  const sources = [...new Set(pairs.map((pair) => pair.source))]
    .sort((a, b) => Number(a === "template") - Number(b === "template") || (a < b ? -1 : 1));
  return (
    <Scrollable label="Overview of pairs">
      <table>
        <caption>PSNR in dB by target and source</caption>
        <thead>
          <tr>
            <th scope="col">target</th>
            {sources.map((source) => <th scope="col" class="number" key={source}>{source}</th>)}
          </tr>
        </thead>
        <tbody>
          {targets.map((target) => (
            <tr key={target}>
              <th scope="row">{target}</th>
              {sources.map((source) => (
                <MatrixCell
                  key={source}
                  pair={pairs.find((pair) => pair.target === target && pair.source === source)}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrollable>
  );
}

/** Every pair with its baselines; the highest PSNR of each row is marked. */
export function PairList({ pairs }: { pairs: readonly PairScore[] }): VNode {
  return (
    <Scrollable label="All pairs">
      <table>
        <caption>Reconstruction and baselines, PSNR in dB</caption>
        <thead>
          <tr>
            <th scope="col">target</th>
            <th scope="col">source</th>
            <th scope="col" class="number">reconstruction</th>
            <th scope="col" class="number">mosaic</th>
            <th scope="col" class="number">mean volume</th>
            <th scope="col" class="number">gain over mosaic</th>
            <th scope="col" class="number">gain over mean volume</th>
            <th scope="col" class="number">subjects</th>
          </tr>
        </thead>
        {(["cmr", "md"] as const).map((objective) => <PairGroup key={objective} pairs={pairs} objective={objective} />)}
      </table>
    </Scrollable>
  );
}

function PairGroup({ pairs, objective }: { pairs: readonly PairScore[]; objective: Objective }): VNode | null {
  const mean = meanScore(pairs, objective);
  if (!mean) return null;
  const members = sortPairs(pairs).filter((pair) => objectiveOf(pair) === objective);
  return (
    <tbody class={objective}>
      <tr class="group">
        <th scope="rowgroup" colSpan={8} class="key">{OBJECTIVE_TITLES[objective]}</th>
      </tr>
      {members.map((pair) => (
        <tr key={`${pair.target} ${pair.source}`}>
          <th scope="row">{pair.target}</th>
          <td>{pair.source}</td>
          <ScoreCells contest={pair} />
          <td class="number">{pair.subjects}</td>
        </tr>
      ))}
      <tr class="mean">
        <th scope="row">mean</th>
        <td>{plural(mean.pairs, "pair")}</td>
        <ScoreCells contest={mean} />
        <td />
      </tr>
    </tbody>
  );
}

function ScoreCells({ contest }: { contest: Contest }): VNode {
  const verdict = judge(contest);
  const cell = (winner: Verdict["winner"]): string => verdict.winner === winner ? "number win" : "number";
  return (
    <Fragment>
      <td class={cell("reconstruction")}>{formatDb(contest.psnr)}</td>
      <td class={cell("mosaic")}>{formatDb(contest.mosaicPsnr)}</td>
      <td class={cell("mean volume")}>{formatDb(contest.meanVolumePsnr)}</td>
      <td class="number">{formatGain(verdict.gainOverMosaic)}</td>
      <td class="number">{formatGain(verdict.gainOverMeanVolume)}</td>
    </Fragment>
  );
}

function MatrixCell({ pair }: { pair: PairScore | undefined }): VNode {
  if (!pair) return <td class="number soft">–</td>;
  const { winner } = judge(pair);
  return (
    <td class="number">
      {formatDb(pair.psnr)}
      {winner !== null && winner !== "reconstruction" && <div class="soft">&lt; {winner}</div>}
    </td>
  );
}

/** A wide table scrolls by itself, with the keyboard too, and not the page. */
function Scrollable({ label, children }: { label: string; children: VNode }): VNode {
  return <div class="scroll" role="region" aria-label={label} tabIndex={0}>{children}</div>;
}
