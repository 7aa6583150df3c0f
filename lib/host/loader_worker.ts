/** One thread of a loader pool: opens a sample source for the plan it is sent, then answers requests. */
import type {
  LabelledPlan,
  LabelledSample,
  LabelledSampleSource,
  Sample,
  SamplePlan,
  SampleRequest,
  SampleSource,
} from "../dataset/mod.ts";
import { localLabelledSource, localSource } from "./_local_source.ts";
import { type PostedError, postError } from "./_transfer_error.ts";

/** What a worker is sent: the plan once, then requests. */
export type WorkerMessage =
  | { readonly kind: "open"; readonly plan: SamplePlan; readonly cacheBytes: number }
  | { readonly kind: "open labelled"; readonly plan: LabelledPlan; readonly cacheBytes: number }
  | { readonly kind: "load"; readonly id: number; readonly request: SampleRequest };

/** What a worker answers to a request. */
export type WorkerReply =
  | { readonly id: number; readonly sample: Sample | LabelledSample }
  | { readonly id: number; readonly error: PostedError };

let source: SampleSource | LabelledSampleSource | undefined;

self.onmessage = async ({ data }: MessageEvent<WorkerMessage>): Promise<void> => {
  if (data.kind === "open") {
    source = localSource(data.plan, data);
    return;
  }
  if (data.kind === "open labelled") {
    source = localLabelledSource(data.plan, data);
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
