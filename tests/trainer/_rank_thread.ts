/** A thread that is one rank of a job. */
import { runJob } from "./_rank_job.ts";
import type { RankJob, RankResult } from "./_rank_job.ts";
import { ThreadCommunicator } from "./_thread_communicator.ts";

/** What a thread is given. */
export interface RankStart {
  readonly memory: SharedArrayBuffer;
  readonly rank: number;
  readonly size: number;
  readonly job: RankJob;
}

/** What it answers. */
export type RankReply = { readonly result: RankResult } | { readonly error: string };

const scope = self as unknown as {
  onmessage: (event: MessageEvent<RankStart>) => void;
  postMessage(reply: RankReply): void;
};

scope.onmessage = async ({ data: { memory, job, ...place } }) => {
  try {
    scope.postMessage({ result: await runJob(job, new ThreadCommunicator(memory, place)) });
  } catch (error) {
    scope.postMessage({ error: String(error) });
  }
};
