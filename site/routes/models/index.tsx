/** Exported models. */
import { PageHead, Pending } from "../../components/Parts.tsx";
import { formatBytes } from "../../format.ts";
import { define } from "../../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Models";
    state.description = "Cards of exported models: recipe, data, scores and limits.";
    return { data: state.site.models };
  },
});

const EXPORT = "deno task export --run runs/first\ndeno task site:build --models runs/first/export";

export default define.page<typeof handler>(function Models({ data: models }) {
  return (
    <>
      <PageHead title="Models">
        <p>
          Every exported model has a card: what it was trained on, what was measured of it, and what it is not good for.
        </p>
      </PageHead>
      {models.length === 0 && (
        <Pending command={EXPORT}>
          This site was built without exported models.
        </Pending>
      )}
      <ul class="findings">
        {models.map(({ name, files }) => (
          <li key={name}>
            <h2>
              <a href={`/models/${name}`}>{name}</a>
            </h2>
            <p>{files.map((file) => `${file.name}, ${formatBytes(file.bytes)}`).join("; ")}</p>
          </li>
        ))}
      </ul>
    </>
  );
});
