/** Which sequence of which subject a pass rebuilds, and what fills its masked blocks. */
import { randomStream } from "../random.ts";
import type { MethodOptions } from "./options.ts";

/** One sequence to rebuild. */
export interface Target {
  /** Index of the subject among this rank's samples. */
  readonly sample: number;
  /** Place of the subject in the whole batch, which its draws depend on. */
  readonly position: number;
  /** Channel of the sample that is rebuilt. */
  readonly channel: number;
  /** Channel that fills the masked blocks of the cross-modal view; null = the template. */
  readonly source: number | null;
  /** Share of the batch's loss: the shares of all passes over a batch, on all ranks, sum to 1. */
  readonly share: number;
  /** True when the subject has another modality, even where this pass fills from the template. */
  readonly hasPartner: boolean;
}

/** Where in the run a batch lies. */
export interface BatchPlace {
  readonly seed: number;
  readonly epoch: number;
  readonly index: number;
}

/**
 * Plans the passes over a batch.
 *
 * `one`: a single pass with one sequence of every subject, all at the same random position of their (shuffled) lists.
 * `all`: pass k takes the k-th sequence of every subject that has one, each with share 1/(B·M_i).
 *
 * The source is drawn uniformly among the subject's other modalities; without one, or up to
 * `templateFillUntilEpoch`, it is the template.
 *
 * @param modalities modality of every channel, for every subject of the batch, or of this rank's part of it
 * @param options `whole`: place of the first subject in the whole batch, and subjects of it
 * @see BrainMVP, arXiv 2410.10604, cross-modal reconstruction; official training loop
 */
export function planTargets(
  modalities: readonly (readonly string[])[],
  { method, place, whole = { first: 0, count: modalities.length } }: {
    method: MethodOptions;
    place: BatchPlace;
    whole?: { readonly first: number; readonly count: number };
  },
): Target[][] {
  const { seed, epoch, index } = place;
  const build = (sample: number, channel: number, share: number): Target => {
    const names = modalities[sample];
    const others = [...new Set(names)].filter((name) => name !== names[channel]);
    const hasPartner = others.length > 0;
    const fromTemplate = !hasPartner || epoch <= method.templateFillUntilEpoch;
    const position = whole.first + sample;
    const random = randomStream(seed, "fill source", epoch, index, position, channel);
    const source = fromTemplate ? null : names.indexOf(random.choose(others));
    return { sample, position, channel, source, share, hasPartner };
  };
  if (method.modalitiesPerStep === "one") {
    const position = randomStream(seed, "modality", epoch, index).uniform();
    return [modalities.map((names, i) => build(i, Math.floor(position * names.length), 1 / whole.count))];
  }
  const passes = Math.max(0, ...modalities.map((names) => names.length));
  return Array.from({ length: passes }, (_, channel) =>
    modalities.flatMap((names, i) => {
      return channel < names.length ? [build(i, channel, 1 / (whole.count * names.length))] : [];
    }));
}
