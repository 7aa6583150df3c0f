/** The card of one model. */
import { renderMarkdown } from "../../render/markdown.ts";
import { define, type State } from "../../utils.ts";

/** One page per model. */
export function paths({ site }: State): { name: string }[] {
  return site.models.map(({ name }) => ({ name }));
}

export const handler = define.handlers({
  GET({ state, params }) {
    const model = state.site.models.find(({ name }) => name === params.name)!;
    state.title = model.name;
    state.description = `Model card of ${model.name}.`;
    return { data: model };
  },
});

export default define.page<typeof handler>(function Model({ data: { card } }) {
  return <article class="card" dangerouslySetInnerHTML={{ __html: renderMarkdown(card) }} />;
});
