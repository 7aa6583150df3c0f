/** The uncompressed bytes of a .nii or .nii.gz file, never more of them than asked for. */
import { messageOf, VolumeError } from "../errors.ts";

/** Compressed bytes per step: what one step inflates stays below 17 MB whatever the file holds. */
const PIECE_BYTES = 16384;
/** Deflate cannot shrink data by more than this factor. */
const MAX_INFLATION = 1032;

/**
 * Inflates a whole gzip file at once, which is faster than the platform's streams.
 *
 * @returns at most `count` bytes
 * @throws {Error} whatever it likes, when the file is damaged or holds more: it is then read as a stream
 */
export type Gunzip = (bytes: Uint8Array, count: number) => Uint8Array;

/**
 * The first `count` uncompressed bytes of a file; fewer where the file is shorter.
 *
 * Where the file ends exactly at `count`, its gzip checksum has been verified too.
 *
 * @throws {VolumeError} when the gzip stream is damaged or cut off before `count` bytes
 */
export async function leadingBytes(
  bytes: Uint8Array,
  options: { count: number; file: string; gunzip?: Gunzip },
): Promise<Uint8Array> {
  const { count, file, gunzip } = options;
  if (!isGzip(bytes)) return bytes.subarray(0, count);
  const whole = gunzip && inflateAtOnce(bytes, { count, gunzip });
  if (whole !== undefined) return whole;
  const out = new Uint8Array(Math.min(count, bytes.length * MAX_INFLATION));
  let total = 0;
  try {
    for await (const chunk of inflate(bytes)) {
      if (total < out.length) out.set(chunk.subarray(0, out.length - total), total);
      total += chunk.length;
      if (total > count) break;
    }
  } catch (error) {
    const found = total < count
      ? `${total} bytes where ${count} were expected`
      : "all bytes, but a wrong checksum or data after its end";
    throw new VolumeError(file, `the gzip stream is damaged or cut off: got ${found} (${messageOf(error)})`, {
      cause: error,
    });
  }
  return out.subarray(0, Math.min(total, count));
}

/** The most bytes that a file can hold once uncompressed. */
export function maxUncompressedBytes(bytes: Uint8Array): number {
  return isGzip(bytes) ? bytes.length * MAX_INFLATION : bytes.length;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** All bytes, where the file ends at `count` and is sound; the stream explains everything else. */
function inflateAtOnce(
  bytes: Uint8Array,
  { count, gunzip }: { count: number; gunzip: Gunzip },
): Uint8Array | undefined {
  try {
    const whole = gunzip(bytes, count);
    return whole.length === count ? whole : undefined;
  } catch {
    return undefined;
  }
}

async function* inflate(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  let offset = 0;
  const pieces = new ReadableStream<BufferSource>({
    pull(controller): void {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + PIECE_BYTES));
      offset += PIECE_BYTES;
    },
  });
  const reader = pieces.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
  } finally {
    // A stream that failed reports its error here once more; the loop above has already thrown it.
    await reader.cancel().catch(() => {});
  }
}
