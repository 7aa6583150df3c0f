/** What has been measured so far, and what has not, each with the page that has the numbers. */
import type { ComponentChildren, VNode } from "preact";
import { plural, VARIANT_TITLES } from "../../lib/report/mod.ts";
import type { AblationStudy } from "../data/ablation.ts";
import type { SiteData } from "../data/site_data.ts";
import { formatInterval, formatShare } from "../format.ts";

export function Findings({ site }: { site: SiteData }): VNode {
  return (
    <ul class="findings">
      <Finding title="Speed" address="/speed">{speedFinding(site)}</Finding>
      <Finding title="Ablation" address="/ablation">{ablationFinding(site.ablations)}</Finding>
      <Finding title="Few labels, missing sequences" address="/studies">{studyFinding(site)}</Finding>
      <Finding title="Downstream" address="/downstream">{downstreamFinding(site)}</Finding>
    </ul>
  );
}

function Finding({ title, address, children }: { title: string; address: string; children: ComponentChildren }): VNode {
  return (
    <li>
      <h3>
        <a href={address}>{title}</a>
      </h3>
      <p>{children}</p>
    </li>
  );
}

const NOT_YET = "Not measured yet.";

function speedFinding({ bench: { steps } }: SiteData): string {
  const step = steps.find(({ torch }) => torch !== null);
  if (step === undefined || step.torch === null) return NOT_YET;
  const { backbone, run, ours, torch } = step;
  const name = backbone === "uniformer" ? "UniFormer" : backbone.toUpperCase();
  return `A training step of ${name} at ${run.size}³ takes ${
    (ours.ms / 1000).toFixed(1)
  } s on ${run.machine.cores} CPU cores; ` +
    `PyTorch takes ${(torch.ms / 1000).toFixed(1)} s on the same ones.`;
}

/** The first score of every task, so that none is shown for what it says. */
function ablationFinding(ablations: readonly AblationStudy[]): string {
  const study = ablations.find(({ scale }) => scale === "full") ?? ablations[0];
  const compared = study?.scores.filter(({ region, rows }) =>
    (region === null || region === "mean") && rows.length > 1
  );
  if (study === undefined || compared === undefined || compared.length === 0) return NOT_YET;
  const firsts = compared.filter(({ task }, i) => compared.findIndex((other) => other.task === task) === i);
  return `Scale ${study.scale}. ${firsts.map(describeScore).join(" ")}`;
}

function describeScore({ task, name, rows }: AblationStudy["scores"][number]): string {
  const [first, last] = [rows[0], rows[rows.length - 1]].map((row) => {
    return `${formatShare(row.mean)} ${formatInterval(row)} for ${VARIANT_TITLES[row.variant]}`;
  });
  return `${name[0].toUpperCase()}${name.slice(1)} on ${task}: ${first}, ${last}.`;
}

function studyFinding({ labelEfficiency, missingModality }: SiteData): string {
  const few = labelEfficiency[0], missing = missingModality[0];
  const lines = [
    ...(few === undefined ? [] : [fewLabels(few)]),
    ...(missing === undefined ? [] : [missingSequences(missing)]),
  ];
  return lines.length === 0 ? NOT_YET : lines.join(" ");
}

function fewLabels({ results, seeds, heldOut, origin }: SiteData["labelEfficiency"][number]): string {
  const { fraction, starts } = results[0];
  const dice = (start: "pre-trained" | "from scratch"): string => formatShare(starts[start].mean);
  return `Dice with ${fraction} % of the labels: ${dice("pre-trained")} pre-trained, ${
    dice("from scratch")
  } from scratch; ` +
    `${plural(heldOut, origin.startsWith("built-in phantoms") ? "synthetic head" : "subject")}, ${
      plural(seeds.length, "seed")
    }.`;
}

function missingSequences({ results }: SiteData["missingModality"][number]): string {
  const region = results[0].region;
  const compared = results.filter((result) => result.region === region && result.comparison !== null);
  const better = compared.filter(({ template, zero }) => template.mean > zero.mean).length;
  return `With sequences missing, templates give a higher Dice than zeros in ${better} of ${compared.length} choices.`;
}

function downstreamFinding({ downstream }: SiteData): string {
  if (downstream.length > 0) return `${downstream.length} of the paper's 10 tasks have been measured.`;
  return "None of the paper's ten tasks has been measured yet; its own numbers are listed for comparison.";
}
