/** The head of a report: what the run is and what it achieved. */
import type { VNode } from "preact";
import type { RunReport } from "../results.ts";
import { formatDb, formatGain } from "./format.ts";
import { Facts, SECTIONS } from "./_parts.tsx";
import { judge, lastValidation, type MeanScore, meanScore, type Objective } from "./scores.ts";
import { summarize } from "./summary.ts";

/** Title, plain words, headline numbers, data and navigation. */
export function Overview({ report }: { report: RunReport }): VNode {
  const validation = lastValidation(report.records);
  return (
    <header>
      <p class="kicker">Pre-training on multi-parametric brain MRI</p>
      <h1>{report.title}</h1>
      {summarize(report.records).map((sentence) => <p key={sentence}>{sentence}</p>)}
      {validation && validation.pairs.length > 0 && (
        <div class="tiles">
          {(["cmr", "md"] as const).map((objective) => {
            const mean = meanScore(validation.pairs, objective);
            return mean && <ScoreTile key={objective} mean={mean} objective={objective} />;
          })}
        </div>
      )}
      <Facts facts={report.data} empty="Nothing is recorded about the data." />
      <nav aria-label="Sections">{SECTIONS.map(([id, title]) => <a key={id} href={`#${id}`}>{title}</a>)}</nav>
    </header>
  );
}

function ScoreTile({ mean, objective }: { mean: MeanScore; objective: Objective }): VNode {
  const verdict = judge(mean);
  return (
    <div class={`tile ${objective}`}>
      <h2 class="key">{objective === "cmr" ? "From another modality (CMR)" : "From the template (MD)"}</h2>
      <p class="value">
        {formatDb(mean.psnr)} <small>dB</small>
      </p>
      <p>{formatGain(verdict.gainOverMosaic)} dB against the mosaic ({formatDb(mean.mosaicPsnr)})</p>
      <p>{formatGain(verdict.gainOverMeanVolume)} dB against the mean volume ({formatDb(mean.meanVolumePsnr)})</p>
    </div>
  );
}
