/** Wakes the islands of a page: each is loaded from its own file and takes over the markup that it was rendered to. */
import { type FunctionComponent, h, hydrate } from "preact";

/** The default export of a file of islands/. */
interface IslandModule {
  readonly default: FunctionComponent<Record<string, unknown>>;
}

async function wake(root: HTMLElement): Promise<void> {
  const { island, props = "{}" } = root.dataset;
  const address = new URL(`./islands/${island}.js`, import.meta.url).href;
  const { default: Island } = await import(address) as IslandModule;
  hydrate(h(Island, JSON.parse(props)), root);
  root.dataset.awake = "";
}

await Promise.all([...document.querySelectorAll<HTMLElement>("[data-island]")].map(wake));
