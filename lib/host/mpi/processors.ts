/** How many threads a rank should compute with, and whether the launcher lets it. */

/** What is known of the machine. */
export interface ProcessorShare {
  /** Processors of the machine. */
  readonly online: number;
  /** Processors that this process may run on. */
  readonly allowed: number;
  /** Ranks on this machine. */
  readonly localSize: number;
  /** Threads that were asked for. */
  readonly asked?: number;
}

/** Threads of a rank, and what stands in their way. */
export interface ThreadPlan {
  readonly threads: number;
  readonly warning: string | undefined;
}

/** Shares the machine's processors among its ranks; warns where a rank is bound to fewer than its share. */
export function planThreads({ online, allowed, localSize, asked }: ProcessorShare): ThreadPlan {
  const share = asked ?? Math.max(1, Math.floor(online / localSize));
  const threads = asked ?? Math.min(share, allowed);
  const processors = `${allowed} of ${online} processors`;
  const warning = share <= allowed
    ? undefined
    : `each rank is bound to ${processors}, its share is ${share}: start with mpirun --bind-to none, or srun --cpu-bind=none`;
  return { threads, warning };
}

/** Number of processors in a list such as `0-3,8`. */
export function countProcessors(list: string): number {
  return list.trim().split(",").filter((part) => part !== "").reduce((count, part) => {
    const [first, last = first] = part.split("-").map(Number);
    return count + last - first + 1;
  }, 0);
}

/** Reads how many processors there are and how many this process may use; on other systems than Linux, all. */
export async function readProcessors(): Promise<Pick<ProcessorShare, "online" | "allowed">> {
  const all = navigator.hardwareConcurrency;
  try {
    const status = await Deno.readTextFile("/proc/self/status");
    const online = countProcessors(await Deno.readTextFile("/sys/devices/system/cpu/online"));
    const allowed = countProcessors(status.match(/^Cpus_allowed_list:\s*(\S+)/m)?.[1] ?? "");
    // A container may have less than its processors' whole time.
    return { online: Math.min(online, Math.max(all, allowed)), allowed: Math.min(all, allowed || all) };
  } catch {
    return { online: all, allowed: all };
  }
}
