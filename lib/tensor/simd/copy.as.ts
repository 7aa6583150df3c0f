/** Copies of short runs: memory.copy is a call out of the module, dearer than the run itself below some hundred bytes. */

const LONG: usize = 512;

/** Copies `bytes`, a multiple of four, to a place that does not overlap; nothing past the end is written. */
// @ts-ignore: decorator
@inline
export function copyRun(to: usize, from: usize, bytes: usize): void {
  if (bytes >= LONG) memory.copy(to, from, bytes);
  else copyShortRun(to, from, bytes);
}

// @ts-ignore: decorator
@inline
function copyShortRun(to: usize, from: usize, bytes: usize): void {
  const end = to + bytes;
  for (; to + 32 <= end; to += 32, from += 32) {
    const first = v128.load(from), second = v128.load(from, 16);
    v128.store(to, first), v128.store(to, second, 16);
  }
  for (; to + 8 <= end; to += 8, from += 8) store<u64>(to, load<u64>(from));
  if (to < end) store<u32>(to, load<u32>(from));
}
