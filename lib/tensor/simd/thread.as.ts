/** What each thread's instance of the module keeps for itself. */

let scratch: usize = 0;

/** Bytes of scratch that every thread has. */
export const THREAD_SCRATCH_BYTES: i32 = 4194304;

/** Tells the host how much scratch to give to every thread. */
export function threadScratchBytes(): i32 {
  return THREAD_SCRATCH_BYTES;
}

/** Called once by the thread that owns the instance, before any kernel. */
export function setThreadScratch(address: usize): void {
  scratch = address;
}

/** Address of this thread's scratch: {@link THREAD_SCRATCH_BYTES} bytes, content undefined, 64-byte aligned. */
export function threadScratch(): usize {
  return scratch;
}
