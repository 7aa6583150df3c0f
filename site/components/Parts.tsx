/** Small parts that several pages have. */
import { type ComponentChildren, Fragment, type VNode } from "preact";

/** Title and opening sentences of a page. */
export function PageHead({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  return (
    <header class="page-head">
      <h1>{title}</h1>
      <div class="lede">{children}</div>
    </header>
  );
}

/** Says that something has not been measured, and how it is. */
export function Pending({ children, command }: { children: ComponentChildren; command?: string }): VNode {
  return (
    <div class="pending">
      <p>{children}</p>
      {command !== undefined && <pre tabIndex={0}><code>{command}</code></pre>}
    </div>
  );
}

/** Named values. */
export function Facts({ facts }: { facts: Readonly<Record<string, ComponentChildren>> }): VNode {
  return (
    <dl class="facts">
      {Object.entries(facts).map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

/** A remark about where numbers come from. */
export function Source({ children }: { children: ComponentChildren }): VNode {
  return <p class="source">{children}</p>;
}
