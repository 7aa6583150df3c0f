/** The learned templates over the epochs of a run. */
import { PageHead, Source } from "../components/Parts.tsx";
import { DEMO_MODEL, DEMO_TEMPLATES } from "../data/demo_model.ts";
import TemplateViewer from "../islands/TemplateViewer.tsx";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Templates";
    state.description = "The template that pre-training distils for every sequence, over the epochs of a run.";
    return { data: { runs: [...state.site.templateRuns, DEMO_TEMPLATES] } };
  },
});

export default define.page<typeof handler>(function Templates({ data: { runs } }) {
  return (
    <>
      <link rel="stylesheet" href="/viewers.css" />
      <PageHead title="Templates">
        <p>
          Every sequence has one learned volume, from which hidden blocks are filled. It starts as zeros, and is trained
          by back-propagation through the fill.
        </p>
      </PageHead>
      <TemplateViewer runs={runs} phantom={DEMO_MODEL.phantom} />
      <noscript>
        <p class="empty">The viewer needs JavaScript.</p>
      </noscript>
      <Source>
        The demonstration is a run of the quick recipe on{" "}
        {DEMO_MODEL.data}, two minutes of training: its templates are clouds, not mean images. They are shown in 64 grey
        levels. Runs that are given to <code>deno task site:build --runs</code>{" "}
        come first; they keep their templates with <code>run.templatesEvery</code>.
      </Source>
    </>
  );
});
