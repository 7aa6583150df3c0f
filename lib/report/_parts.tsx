/** The small parts that the sections of a report share. */
import { type ComponentChildren, Fragment, type VNode } from "preact";
import { type Term, TERMS } from "./_terms.ts";

/** Sections by id, in the order of the page. */
export const SECTIONS = [
  ["curves", "Curves"],
  ["templates", "Learned templates"],
  ["reconstructions", "Reconstructions"],
  ["pairs", "Scores of all pairs"],
  ["options", "Options"],
  ["environment", "Environment"],
] as const;

/** A titled section; the navigation links to its id. */
export function Section({ id, children }: { id: typeof SECTIONS[number][0]; children: ComponentChildren }): VNode {
  const title = SECTIONS.find(([key]) => key === id)?.[1];
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

/** Named values; a sentence when there are none. */
export function Facts({ facts, empty }: { facts: Readonly<Record<string, string>>; empty: string }): VNode {
  const entries = Object.entries(facts);
  if (entries.length === 0) return <p class="empty">{empty}</p>;
  return (
    <dl class="facts">
      {entries.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

/** What the words of a section mean. */
export function Terms({ terms }: { terms: readonly Term[] }): VNode {
  return (
    <ul class="terms">
      {terms.map((term) => (
        <li key={term}>
          <b>{TERMS[term].word}</b> {TERMS[term].meaning}
        </li>
      ))}
    </ul>
  );
}
