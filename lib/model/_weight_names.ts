/** Names of one and the same parameter in the files of different programs. */

/** UniFormer's encoder: `encoder.uniformer.X` in pre-training, `encoder.X` in segmentation, `X` by itself. */
const ENCODER = /^(?:encoder\.)?(?:uniformer\.)?((?:patch_embed|blocks)[1-4]\..+|norm\..+)$/;
/** Its decoders, pre-training and segmentation. */
const DECODER = /^(?:decoder\.)?((?:decoder[2-5]|proj1|out|out_1)\..+)$/;

/** UNET3D: `X` in pre-training and segmentation, `unet.X` or `model.unet.X` in models around it. */
const UNET3D = /^(?:model\.)?unet\.((?:conv[1-4][a-d]|ds[1-3]|up[1-4]conv[ab]?|ds_out\.[01])\..+)$/;
/** Both encoders under canonical names. */
const OF_ENCODER = /^(?:encoder\.uniformer|conv[1-4][a-d]|ds[1-3])\./;

/** One name for all those of a parameter: that of the official pre-training model. */
export function canonicalName(name: string): string {
  const [, encoder] = name.match(ENCODER) ?? [];
  if (encoder !== undefined) return `encoder.uniformer.${encoder}`;
  const [, decoder] = name.match(DECODER) ?? [];
  if (decoder !== undefined) return `decoder.${decoder}`;
  const [, unet3d] = name.match(UNET3D) ?? [];
  return unet3d ?? name;
}

/** Whether a parameter, under its name in any model, belongs to the encoder, of whichever backbone. */
export function isEncoderParameter(name: string): boolean {
  return OF_ENCODER.test(canonicalName(name));
}

/**
 * Canonical names of all that a model or a file holds.
 *
 * UNET3D's last layer has one name for two things: in pre-training it rebuilds an intensity, in segmentation it gives a
 * logit per class. They are no start for one another, and are told apart by the coarse outputs, which segmentation has, and
 * by the number of channels.
 */
export function canonicalNames(
  named: readonly { readonly name: string; readonly shape: readonly number[] }[],
): string[] {
  const names = named.map(({ name }) => canonicalName(name));
  if (names.some((name) => name.startsWith("ds_out."))) return names;
  return names.map((name, i) =>
    name.startsWith("up1conv.") && named[i].shape[0] === 1 ? `reconstruction.${name}` : name
  );
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
