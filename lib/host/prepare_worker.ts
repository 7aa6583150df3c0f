/** One thread that prepares subjects: opened once, then one subject after another. */
import type { Subject } from "../dataset/mod.ts";
import { type PrepareJob, prepareSubject } from "./_prepare_subject.ts";
import { type PostedError, postError } from "./_transfer_error.ts";

/** What a worker is sent. */
export type PrepareMessage =
  | { readonly kind: "open"; readonly job: PrepareJob }
  | { readonly kind: "subject"; readonly subject: Subject };

/** What became of a subject: `reason` says why it is in quarantine. */
export type PrepareReply =
  | { readonly id: string; readonly reason?: string; readonly bytes: number }
  | { readonly id: string; readonly error: PostedError };

let job: PrepareJob | undefined;

self.onmessage = async ({ data }: MessageEvent<PrepareMessage>): Promise<void> => {
  if (data.kind === "open") {
    job = data.job;
    return;
  }
  const { id } = data.subject;
  try {
    reply({ id, ...await prepareSubject(data.subject, job!) });
  } catch (error) {
    reply({ id, error: postError(error) });
  }
};

function reply(message: PrepareReply): void {
  self.postMessage(message);
}
