/** Prepared subjects kept in memory, so that a subject is read once and cropped often. */
import type { VolumeStack } from "../geometry.ts";

/** A prepared subject, with or without its label. */
export type CachedStack = VolumeStack & { readonly label?: Uint8Array | null };

/** How the cache fills and how far. */
export interface SubjectCacheOptions<S extends CachedStack = VolumeStack> {
  /** Prepares the subject at an index of the list. */
  readonly load: (index: number) => Promise<S>;
  /** Voxel bytes kept at most; 0 keeps nothing. */
  readonly maxBytes: number;
}

/**
 * Keeps the most recently used subjects within a number of bytes.
 *
 * Simultaneous requests for one subject share one load. A failed load is not remembered, so the next request tries anew.
 */
export class SubjectCache<S extends CachedStack = VolumeStack> {
  readonly #options: SubjectCacheOptions<S>;
  /** In order of use, least recent first. */
  readonly #kept = new Map<number, S>();
  readonly #loading = new Map<number, Promise<S>>();
  #bytes = 0;

  /** Opens an empty cache. */
  constructor(options: SubjectCacheOptions<S>) {
    this.#options = options;
  }

  /** Voxel bytes kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The prepared subject, from memory or loaded. Its voxels are shared: do not write to them. */
  get(index: number): Promise<S> {
    const kept = this.#kept.get(index);
    if (kept !== undefined) {
      this.#kept.delete(index);
      this.#kept.set(index, kept);
      return Promise.resolve(kept);
    }
    let loading = this.#loading.get(index);
    if (loading === undefined) {
      loading = this.#load(index).finally(() => this.#loading.delete(index));
      this.#loading.set(index, loading);
    }
    return loading;
  }

  async #load(index: number): Promise<S> {
    const stack = await this.#options.load(index);
    const bytes = byteLengthOf(stack);
    if (bytes > this.#options.maxBytes) return stack;
    for (const [oldest, dropped] of this.#kept) {
      if (this.#bytes + bytes <= this.#options.maxBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= byteLengthOf(dropped);
    }
    this.#kept.set(index, stack);
    this.#bytes += bytes;
    return stack;
  }
}

function byteLengthOf({ channels, label }: CachedStack): number {
  return channels.reduce((sum, channel) => sum + channel.byteLength, label?.byteLength ?? 0);
}
