/** One thread of a loader pool: opens a sample source for the plan it is sent, then answers requests. */
import {
  type LabelledPlan,
  type LabelledSample,
  LabelledSource,
  LocalSource,
  type Sample,
  type SamplePlan,
  type SampleRequest,
} from "../dataset/mod.ts";
import { type PostedError, postError } from "./_transfer_error.ts";
import { gunzip } from "./compression.ts";
import { readFile } from "./files.ts";

/** What a worker is sent: the plan once, then requests. */
export type WorkerMessage =
  | { readonly kind: "open"; readonly plan: SamplePlan; readonly cacheBytes: number }
  | { readonly kind: "open labelled"; readonly plan: LabelledPlan; readonly cacheBytes: number }
  | { readonly kind: "load"; readonly id: number; readonly request: SampleRequest };

/** What a worker answers to a request. */
export type WorkerReply =
  | { readonly id: number; readonly sample: Sample | LabelledSample }
  | { readonly id: number; readonly error: PostedError };

let source: LocalSource | LabelledSource | undefined;

self.onmessage = async ({ data }: MessageEvent<WorkerMessage>): Promise<void> => {
  if (data.kind === "open") {
    source = new LocalSource(data.plan, { readFile, gunzip, cacheBytes: data.cacheBytes });
    return;
  }
  if (data.kind === "open labelled") {
    source = new LabelledSource(data.plan, { readFile, gunzip, cacheBytes: data.cacheBytes });
    return;
  }
  const { id, request } = data;
  try {
    const sample = await source!.load(request);
    const label = (sample as Partial<LabelledSample>).label;
    reply({ id, sample }, [sample.voxels.buffer, ...(label ? [label.buffer] : [])]);
  } catch (error) {
    reply({ id, error: postError(error) }, []);
  }
};

function reply(message: WorkerReply, transfer: Transferable[]): void {
  self.postMessage(message, { transfer });
}
