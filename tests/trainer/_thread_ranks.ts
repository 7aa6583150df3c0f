/** Jobs on ranks that are threads. */
import type { RankJob, RankResult } from "./_rank_job.ts";
import type { RankReply, RankStart } from "./_rank_thread.ts";
import { threadMemory } from "./_thread_communicator.ts";

/** Runs a job on so many ranks; rejects with the first rank's error that comes. */
export async function runOnThreads(size: number, job: RankJob): Promise<RankResult[]> {
  const memory = threadMemory(size);
  const workers: Worker[] = [];
  try {
    return await Promise.all(Array.from({ length: size }, (_, rank) =>
      new Promise<RankResult>((resolve, reject) => {
        const worker = new Worker(new URL("./_rank_thread.ts", import.meta.url), { type: "module" });
        workers.push(worker);
        worker.onmessage = ({ data }: MessageEvent<RankReply>): void => {
          if ("error" in data) reject(new Error(`rank ${rank}: ${data.error}`));
          else resolve(data.result);
        };
        worker.onerror = (event): void => {
          event.preventDefault();
          reject(new Error(`rank ${rank}: ${event.message}`));
        };
        worker.postMessage({ memory, rank, size, job } satisfies RankStart);
      })));
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
