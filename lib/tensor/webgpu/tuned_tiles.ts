/** Measured tiles as they are kept between runs: which adapter they are of. */
import type { AdapterTiles } from "./tiles.ts";

/** What tells one adapter, with its driver and the runtime above it, from another. */
export interface AdapterName {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** As in "Deno/2.9.6": every version brings a compiler of shaders. */
  readonly runtime: string;
}

/** Tiles that were measured on an adapter. */
export interface TunedTiles extends AdapterTiles {
  readonly adapter: AdapterName;
  /** Day and time of the measurement. */
  readonly date: string;
}

/** The adapter behind a device. */
export function adapterNameOf({ vendor, architecture, device, description }: GPUAdapterInfo): AdapterName {
  return { vendor, architecture, device, description, runtime: navigator.userAgent };
}

/** What was measured on this adapter; undefined where nothing was, or with another driver or runtime. */
export function tunedTilesOf(adapter: AdapterName, tuned: readonly TunedTiles[]): TunedTiles | undefined {
  return tuned.find((other) => isSame(other.adapter, adapter));
}

/** The list with an adapter's measurements in place of its earlier ones. */
export function withTunedTiles(tuned: readonly TunedTiles[], added: TunedTiles): TunedTiles[] {
  return [...tuned.filter(({ adapter }) => !isSame(adapter, added.adapter)), added];
}

function isSame(a: AdapterName, b: AdapterName): boolean {
  return (Object.keys(a) as (keyof AdapterName)[]).every((key) => a[key] === b[key]);
}
