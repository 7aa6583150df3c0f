/** Boxes of stored voxels: where the foreground is, and what lies in it, without turning the rest into floats. */
import type { Triple } from "../geometry.ts";
import type { StoredVoxels } from "./_nifti_voxels.ts";
import type { VoxelBox } from "./crop.ts";
import { percentileRange, percentileRangeOfCounts, scaleToRange } from "./normalize.ts";
import type { RasOrder } from "./orient.ts";

/** A volume as it lies in memory and the order in which it is walked; null = as it lies. */
export interface StoredScan {
  readonly voxels: StoredVoxels;
  /** Voxels along (x, y, z) as they lie in memory. */
  readonly size: Triple;
  readonly order: RasOrder | null;
}

/**
 * The smallest box, in the walk's order, that holds every voxel above 0 in any of the scans; null when there is none.
 *
 * @param scans of one size and order
 */
export function storedForegroundBox(scans: readonly StoredScan[]): VoxelBox | null {
  const { size, order } = scans[0];
  const bounds = new Bounds(size);
  for (const { voxels } of scans) bounds.widen(voxels);
  const { start, end } = bounds;
  if (end[0] === 0) return null;
  if (order === null) return { start: [...start], end: [...end] };
  const low = mapAxes((out) => {
    const axis = order.sources[out];
    return order.signs[out] > 0 ? start[axis] : size[axis] - end[axis];
  });
  return { start: low, end: mapAxes((out) => low[out] + end[order.sources[out]] - start[order.sources[out]]) };
}

/** A box of the walk as a box of memory. */
function boxInMemory({ start, end }: VoxelBox, { size, order }: Pick<StoredScan, "size" | "order">): VoxelBox {
  if (order === null) return { start, end };
  const outOf = mapAxes((axis) => order.sources.indexOf(axis));
  const low = mapAxes((axis) => {
    const out = outOf[axis];
    return order.signs[out] > 0 ? start[out] : size[axis] - end[out];
  });
  return { start: low, end: mapAxes((axis) => low[axis] + end[outOf[axis]] - start[outOf[axis]]) };
}

function mapAxes(value: (axis: number) => number): Triple {
  return [value(0), value(1), value(2)];
}

/** The box so far, which every voxel above 0 widens. What lies inside it already is not looked at again. */
class Bounds {
  readonly start: [number, number, number];
  readonly end: [number, number, number] = [0, 0, 0];
  readonly #size: Triple;

  constructor(size: Triple) {
    this.#size = size;
    this.start = [size[0], size[1], size[2]];
  }

  widen(voxels: StoredVoxels): void {
    const [nx, ny, nz] = this.#size;
    const { start, end } = this;
    const seek = seeker(voxels);
    for (let z = 0, row = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++, row += nx) {
        const isInside = z >= start[2] && z < end[2] && y >= start[1] && y < end[1];
        const first = seek(row, row + (isInside ? start[0] : nx)) - row;
        if (!isInside && first === nx) continue;
        start[0] = Math.min(start[0], first);
        // From the right no further than to what is known to be inside.
        for (let x = end[0]; x < nx;) {
          x = seek(row + x, row + nx) - row + 1;
          if (x <= nx) end[0] = x;
        }
        start[1] = Math.min(start[1], y);
        start[2] = Math.min(start[2], z);
        end[1] = Math.max(end[1], y + 1);
        end[2] = Math.max(end[2], z + 1);
      }
    }
  }
}

/** Finds the first voxel above 0 in a range of indices; its end where there is none. */
type Seek = (from: number, to: number) => number;

function seeker({ stored, table }: StoredVoxels): Seek {
  const words = wordsOf(stored, table);
  const shift = stored.BYTES_PER_ELEMENT === 2 ? 2 : 1;
  const mask = (1 << shift) - 1;
  const isForeground = table === null
    ? (i: number): boolean => stored[i] > 0
    : (i: number): boolean => table[stored[i]] > 0;
  return (from, to) => {
    let i = from;
    while (i < to) {
      if (words !== null && (i & mask) === 0) {
        const last = to >> shift;
        let word = i >> shift;
        while (word < last && words[word] === 0) word++;
        i = Math.max(i, word << shift);
        if (i >= to) break;
      }
      if (isForeground(i)) return i;
      i++;
    }
    return to;
  };
}

/** Several voxels read as one double: it is 0 or −0 only where none of them is above 0. */
function wordsOf(stored: StoredVoxels["stored"], table: Float32Array | null): Float64Array | null {
  if (stored.byteOffset % 8 !== 0) return null;
  if (table !== null && (table[0] > 0 || table[0x8000] > 0)) return null;
  return new Float64Array(stored.buffer, stored.byteOffset, Math.floor(stored.byteLength / 8));
}

/** Percentiles, and whether what lies beyond them is limited. */
interface Scaling {
  readonly lower: number;
  readonly upper: number;
  readonly clip: boolean;
}

/** Cuts a box (in the walk's order) out of a scan and scales it by the percentiles of what it holds. */
export function scaledBox({ voxels, size, order }: StoredScan, box: VoxelBox, scaling: Scaling): Float32Array {
  const walk = walkOf({ size, order }, box);
  if (voxels.table === null) {
    const out = copyWalk(voxels.stored, walk);
    return scaleToRange(out, { ...percentileRange(out, scaling), clip: scaling.clip, out });
  }
  const { stored, table } = voxels;
  const counts = countBox(stored, { size, ...boxInMemory(box, { size, order }) });
  const range = percentileRangeOfCounts(table, { ...scaling, counts });
  const scaled = scaleToRange(table, { ...range, clip: scaling.clip, out: new Float32Array(table.length) });
  return lookUpWalk(stored, { table: scaled, walk });
}

/** Where a box's voxels are in memory. */
interface Walk {
  readonly first: number;
  readonly steps: Triple;
  readonly size: Triple;
}

function walkOf({ size, order }: Pick<StoredScan, "size" | "order">, { start, end }: VoxelBox): Walk {
  const steps: Triple = order?.steps ?? [1, size[0], size[0] * size[1]];
  return {
    first: (order?.first ?? 0) + start[0] * steps[0] + start[1] * steps[1] + start[2] * steps[2],
    steps,
    size: [end[0] - start[0], end[1] - start[1], end[2] - start[2]],
  };
}

/** How often every index occurs in a box: in the order of memory, which is all the same to a count, two at a time. */
function countBox(voxels: Uint16Array, { size, start, end }: { size: Triple } & VoxelBox): Uint32Array {
  const stored = voxels.byteOffset % 4 === 0 ? voxels : voxels.slice();
  const pairs = new Uint32Array(stored.buffer, stored.byteOffset, stored.length >> 1);
  const counts = new Uint32Array(65536);
  let zeros = 0;
  for (let z = start[2]; z < end[2]; z++) {
    for (let y = start[1]; y < end[1]; y++) {
      const row = size[0] * (y + size[1] * z);
      const from = row + start[0];
      const to = row + end[0];
      for (let pair = (from + 1) >> 1; pair < to >> 1; pair++) {
        const both = pairs[pair];
        // Long runs of background would wait for one counter.
        if (both === 0) {
          zeros += 2;
          continue;
        }
        counts[both & 0xffff]++;
        counts[both >>> 16]++;
      }
      if (from & 1) counts[stored[from]]++;
      if (to & 1) counts[stored[to - 1]]++;
    }
  }
  counts[0] += zeros;
  return counts;
}

function lookUpWalk(stored: Uint16Array, { table, walk }: { table: Float32Array; walk: Walk }): Float32Array {
  const { first, steps: [dx, dy, dz], size: [nx, ny, nz] } = walk;
  const out = new Float32Array(nx * ny * nz);
  let target = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let source = first + z * dz + y * dy;
      for (let x = 0; x < nx; x++, source += dx) out[target++] = table[stored[source]];
    }
  }
  return out;
}

function copyWalk(stored: Float32Array, { first, steps: [dx, dy, dz], size: [nx, ny, nz] }: Walk): Float32Array {
  const out = new Float32Array(nx * ny * nz);
  let target = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let source = first + z * dz + y * dy;
      for (let x = 0; x < nx; x++, source += dx) out[target++] = stored[source];
    }
  }
  return out;
}
