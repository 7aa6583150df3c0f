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

/** Bytes of a set of processors, one bit each. */
const SET_BYTES = 128;
/** `_SC_NPROCESSORS_ONLN` of Linux. */
const PROCESSORS_ONLINE = 84;

/** How many processors there are, and how many this process may use; on other systems than Linux, all. */
export function readProcessors(): Pick<ProcessorShare, "online" | "allowed"> {
  // In a container that may have less than its processors' whole time, this number is the smaller one.
  const usable = navigator.hardwareConcurrency;
  if (Deno.build.os !== "linux") return { online: usable, allowed: usable };
  const libc = Deno.dlopen("libc.so.6", {
    sched_getaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
    sysconf: { parameters: ["i32"], result: "i64" },
  });
  const set = new Uint8Array(SET_BYTES);
  libc.symbols.sched_getaffinity(0, BigInt(SET_BYTES), set);
  const allowed = countBits(set);
  const online = Number(libc.symbols.sysconf(PROCESSORS_ONLINE));
  libc.close();
  return { online: usable < allowed ? usable : online, allowed: Math.min(usable, allowed) };
}

/** Bits that are set. */
export function countBits(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + byte.toString(2).replaceAll("0", "").length, 0);
}
