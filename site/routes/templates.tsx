/** The learned templates over the epochs of a run. */
import TemplateViewer from "../islands/TemplateViewer.tsx";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Templates";
    state.description = "The template that pre-training distils for every sequence, over the epochs of a run.";
    return { data: { runs: state.site.templateRuns } };
  },
});

export default define.page<typeof handler>(function Templates({ data: { runs } }) {
  return (
    <>
      <h1>Templates</h1>
      {runs.length === 0 ? <p class="empty">No run was given to this build.</p> : <TemplateViewer runs={runs} />}
    </>
  );
});
