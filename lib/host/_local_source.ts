/** The source that makes a plan's samples in the calling thread. */
import {
  type LabelledPlan,
  type LabelledSampleSource,
  LabelledSource,
  LocalSource,
  PreparedLabelledSource,
  PreparedSource,
  type SamplePlan,
  type SampleSource,
} from "../dataset/mod.ts";
import { gunzip } from "./compression.ts";
import { readFile } from "./files.ts";
import { preparedStores } from "./prepared_store.ts";

/** Prepares scans and keeps them, or reads crops of subjects that are prepared already, which keeps nothing. */
export function localSource(plan: SamplePlan, { cacheBytes }: { cacheBytes: number }): SampleSource {
  if (plan.prepared) return new PreparedSource(plan, preparedStores(plan.root));
  return new LocalSource(plan, { readFile, gunzip, cacheBytes });
}

/** The same with labels. */
export function localLabelledSource(plan: LabelledPlan, { cacheBytes }: { cacheBytes: number }): LabelledSampleSource {
  if (plan.prepared) return new PreparedLabelledSource(plan, preparedStores(plan.root));
  return new LabelledSource(plan, { readFile, gunzip, cacheBytes });
}
