/** Connected components of a mask. */
import type { Triple } from "../geometry.ts";
import { checkMasks, padMask } from "./_masks.ts";

/** Which voxels touch: those that share a face (6), an edge (18) or a corner (26). */
export type Neighbourhood = 6 | 18 | 26;

/** The neighbourhoods there are. */
export const NEIGHBOURHOODS: readonly Neighbourhood[] = [6, 18, 26];

/** Components by number. */
export interface Components {
  /** 0 where nothing is set, else the number of the component from 1, in the order of their first voxels. */
  readonly labels: Int32Array;
  /** Voxels of each component: the first entry is that of component 1. */
  readonly sizes: readonly number[];
}

/**
 * Finds the connected components of a mask.
 *
 * @param neighbourhood which voxels touch
 * @throws {TypeError} when the mask does not fill the grid
 */
export function connectedComponents(mask: Uint8Array, size: Triple, neighbourhood: Neighbourhood): Components {
  checkMasks([mask], { size, spacingMm: [1, 1, 1] });
  const around = padMask(mask, size);
  const { labels, sizes } = componentsOfPadded(around.mask, around.size, neighbourhood);
  const inner = new Int32Array(mask.length);
  const [width, height, depth] = size;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const start = 1 + (width + 2) * (y + 1 + (height + 2) * (z + 1));
      inner.set(labels.subarray(start, start + width), width * (y + height * z));
    }
  }
  return { labels: inner, sizes };
}

/** The same for a mask whose outermost voxels are empty, so that every voxel that is set has all its neighbours. */
export function componentsOfPadded(mask: Uint8Array, size: Triple, neighbourhood: Neighbourhood): Components {
  const offsets = neighbourOffsets(size, neighbourhood);
  const labels = new Int32Array(mask.length);
  const waiting: number[] = [];
  const sizes: number[] = [];
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] === 0 || labels[seed] !== 0) continue;
    const label = sizes.length + 1;
    let count = 0;
    labels[seed] = label;
    waiting.push(seed);
    while (waiting.length > 0) {
      const voxel = waiting.pop()!;
      count++;
      for (const offset of offsets) {
        const neighbour = voxel + offset;
        if (mask[neighbour] === 0 || labels[neighbour] !== 0) continue;
        labels[neighbour] = label;
        waiting.push(neighbour);
      }
    }
    sizes.push(count);
  }
  return { labels, sizes };
}

/** Steps in memory to the neighbours of a voxel. */
function neighbourOffsets([width, height]: Triple, neighbourhood: Neighbourhood): number[] {
  const axesMoved = { 6: 1, 18: 2, 26: 3 }[neighbourhood];
  const steps = [-1, 0, 1];
  const triples = steps.flatMap((x) => steps.flatMap((y) => steps.map((z) => [x, y, z])));
  const near = triples.map((triple) => triple.filter((step) => step !== 0).length);
  return triples.filter((_, i) => near[i] >= 1 && near[i] <= axesMoved)
    .map(([x, y, z]) => x + width * (y + height * z));
}
