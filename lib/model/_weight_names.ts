/** Names of one and the same parameter in the files of different programs. */

/** UniFormer's encoder: `encoder.uniformer.X` in pre-training, `encoder.X` in segmentation, `X` by itself. */
const ENCODER = /^(?:encoder\.)?(?:uniformer\.)?((?:patch_embed|blocks)[1-4]\..+|norm\..+)$/;
/** Its decoders, pre-training and segmentation. */
const DECODER = /^(?:decoder\.)?((?:decoder[2-5]|proj1|out|out_1)\..+)$/;

/** One name for all those of a parameter: that of the official pre-training model. */
export function canonicalName(name: string): string {
  const [, encoder] = name.match(ENCODER) ?? [];
  if (encoder !== undefined) return `encoder.uniformer.${encoder}`;
  const [, decoder] = name.match(DECODER) ?? [];
  return decoder === undefined ? name : `decoder.${decoder}`;
}

/**
 * What the names in a file begin with beyond those of the model: `module.`, `_orig_mod.`, `backbone.`.
 *
 * It is whatever makes the most names match; nothing is taken off when that matches no fewer.
 */
export function commonPrefix(names: Iterable<string>, isKnown: (canonical: string) => boolean): string {
  const counts = new Map<string, number>([["", 0]]);
  for (const name of names) {
    for (let end = 0; end >= 0; end = nextPart(name, end)) {
      if (isKnown(canonicalName(name.slice(end)))) {
        const prefix = name.slice(0, end);
        counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      }
    }
  }
  let best = "";
  for (const [prefix, count] of counts) {
    const advantage = count - counts.get(best)!;
    if (advantage > 0 || (advantage === 0 && prefix.length < best.length)) best = prefix;
  }
  return best;
}

/** Where the part of a dotted name after the one at `start` begins; −1 after the last. */
function nextPart(name: string, start: number): number {
  const dot = name.indexOf(".", start);
  return dot < 0 ? -1 : dot + 1;
}
