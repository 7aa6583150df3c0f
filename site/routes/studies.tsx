/** Few labels and missing sequences. */
import { PageHead, Pending, Source } from "../components/Parts.tsx";
import { FewLabels, MissingSequences } from "../components/Studies.tsx";
import { DataTable } from "../components/Table.tsx";
import { PAPER_FEW_LABELS, PAPER_SOURCE } from "../data/paper.ts";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Studies";
    state.description =
      "How far few labels go after pre-training, and what stands in for sequences that a patient lacks.";
    const { labelEfficiency, missingModality } = state.site;
    return { data: { labelEfficiency, missingModality } };
  },
});

export default define.page<typeof handler>(function Studies({ data: { labelEfficiency, missingModality } }) {
  return (
    <>
      <PageHead title="Studies">
        <p>
          Two questions of everyday use: how many labels are needed, and what to do when a sequence was not acquired.
        </p>
      </PageHead>
      <section aria-labelledby="labels-title">
        <h2 id="labels-title">Few labels</h2>
        {labelEfficiency.length === 0 && (
          <Pending command="deno task label-efficiency">Nothing has been measured yet.</Pending>
        )}
        {labelEfficiency.map((study, i) => <FewLabels key={i} study={study} />)}
        <DataTable
          caption="The paper with 20 % of the labels, Dice in percent"
          columns={[{ title: "data set" }, { title: "BrainMVP", isNumber: true }]}
          rows={PAPER_FEW_LABELS.map(({ dataset, dice }) => [dataset, dice.toFixed(2)])}
        />
        <Source>The paper's numbers, not ours: {PAPER_SOURCE}.</Source>
      </section>
      <section aria-labelledby="missing-title">
        <h2 id="missing-title">Missing sequences</h2>
        {missingModality.length === 0 && (
          <Pending command="deno task missing-modality --run runs/finetuned">Nothing has been measured yet.</Pending>
        )}
        {missingModality.map((study, i) => <MissingSequences key={i} study={study} />)}
      </section>
    </>
  );
});
