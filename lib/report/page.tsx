/** The report of a pre-training run as one self-contained HTML file. */
import type { VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import type { ReconstructionExample, RunReport, TemplateImage } from "../results.ts";
import { lossChart, psnrChart, templateChangeChart } from "./curves.ts";
import { exampleFigure, templateMontage } from "./figures.ts";
import { formatCount } from "./format.ts";
import { ChartFigure, SliceTable } from "./_images.tsx";
import { Overview } from "./_overview.tsx";
import { PairList, PairMatrix } from "./_pairs.tsx";
import { Facts, Section, Terms } from "./_parts.tsx";
import { lastValidation, objectiveOf } from "./scores.ts";
import { eventMarks, updatesPerPoint } from "./series.ts";
import { STYLE } from "./_style.ts";

/** What the page may load: nothing but its own style and the pictures that it carries. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * Renders a run as an HTML page without scripts and without any reference outside itself.
 *
 * All text is escaped. A run without updates, validations, templates or examples renders too and says what is missing.
 *
 * @returns the text of an `.html` file
 * @throws {TypeError} when the voxels of a template or of an example do not fill its grid
 */
export function renderReport(report: RunReport): string {
  return `<!doctype html>\n${renderToString(<Page report={report} />)}\n`;
}

function Page({ report }: { report: RunReport }): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={CONTENT_SECURITY_POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>{report.title}</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <Overview report={report} />
        <main>
          <Curves report={report} />
          <Templates templates={report.templates} />
          <Reconstructions examples={report.examples} />
          <Pairs report={report} />
          <Options config={report.config} />
          <Section id="environment">
            <Facts facts={report.environment} empty="Nothing is recorded about the environment." />
          </Section>
        </main>
      </body>
    </html>
  );
}

function Curves({ report: { records } }: { report: RunReport }): VNode {
  const perPoint = updatesPerPoint(records.filter((record) => record.kind === "step").length);
  const marks = eventMarks(records);
  const noScores = "No validation has scored such pairs yet.";
  return (
    <Section id="curves">
      <div class="charts">
        <ChartFigure title="Training losses" chart={lossChart(records)} empty="No update has been made yet." />
        <ChartFigure title="Template change" chart={templateChangeChart(records)} empty="No change is recorded yet." />
        <ChartFigure title="Validation, CMR" chart={psnrChart(records, "cmr")} empty={noScores} />
        <ChartFigure title="Validation, MD" chart={psnrChart(records, "md")} empty={noScores} />
      </div>
      {marks.length > 0 && (
        <ol class="events" aria-label="Events, by the numbers in the charts">
          {marks.map((mark) => (
            <li key={mark.step} value={mark.number}>
              {mark.messages.join("; ")}{" "}
              <span class="soft">(epoch {formatCount(mark.epoch)}, update {formatCount(mark.step)})</span>
            </li>
          ))}
        </ol>
      )}
      {perPoint > 1 && (
        <p class="terms">
          Each point of a training loss is the mean of {perPoint}{" "}
          consecutive updates; the band spans the lowest to the highest of them.
        </p>
      )}
      <Terms terms={["cmr", "md", "cl", "total", "templateChange"]} />
    </Section>
  );
}

function Templates({ templates }: { templates: readonly TemplateImage[] }): VNode {
  return (
    <Section id="templates">
      {templates.length === 0 ? <p class="empty">No template has been saved yet.</p> : (
        <SliceTable
          table={templateMontage(templates)}
          caption="One template per modality, in slices at fractions of its size"
        />
      )}
      <Terms terms={["template", "radiological"]} />
    </Section>
  );
}

function Reconstructions({ examples }: { examples: readonly ReconstructionExample[] }): VNode {
  return (
    <Section id="reconstructions">
      {examples.length === 0 && <p class="empty">No reconstruction has been saved yet.</p>}
      {examples.length > 0 && (
        <p>
          Crops of held-out subjects, each in the slices in which the truth varies most: the choice does not look at the
          reconstruction.
        </p>
      )}
      <div class="examples">
        {examples.map((example) => (
          <figure key={`${example.subject} ${example.target} ${example.source}`}>
            <SliceTable table={exampleFigure(example)} caption={describeExample(example)} />
          </figure>
        ))}
      </div>
      <Terms terms={["mosaic", "error"]} />
    </Section>
  );
}

function Pairs({ report }: { report: RunReport }): VNode {
  const validation = lastValidation(report.records);
  return (
    <Section id="pairs">
      {validation && validation.pairs.length > 0
        ? (
          <>
            <p>
              Last validation, after update {formatCount(validation.step)} (epoch{" "}
              {formatCount(validation.epoch)}). Means are over the dB values of the pairs; ▸ marks the best of
              reconstruction, mosaic and mean volume.
            </p>
            <PairMatrix pairs={validation.pairs} />
            <PairList pairs={validation.pairs} />
          </>
        )
        : <p class="empty">No pair has been scored yet.</p>}
      <Terms terms={["psnr", "mosaicBaseline", "meanVolume"]} />
    </Section>
  );
}

function Options({ config }: { config: RunReport["config"] }): VNode {
  const facts = <Facts facts={config} empty="No option is recorded." />;
  const collapsed = (
    <details>
      <summary>All options of the run, with defaults filled in</summary>
      <div class="code">{facts}</div>
    </details>
  );
  return <Section id="options">{Object.keys(config).length === 0 ? facts : collapsed}</Section>;
}

function describeExample(example: ReconstructionExample): string {
  const fill = objectiveOf(example) === "md" ? "MD, filled from the template" : `CMR, filled from ${example.source}`;
  return `${example.target} of ${example.subject} (${fill})`;
}
