/** gzip and zstd of the machine: faster than the platform's streams and than WebAssembly. */
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Measured on prepared scans: a higher level gains nothing, the lowest costs a fifth more bytes of exact floats. */
const ZSTD_LEVEL = 3;

/**
 * Inflates a whole gzip file.
 *
 * @param count bytes that it is expected to hold at most
 * @throws {Error} when it is damaged or holds more
 */
export function gunzip(bytes: Uint8Array, count: number): Uint8Array {
  // With room for all of it in one piece, nothing is joined afterwards.
  return gunzipSync(bytes, { chunkSize: Math.max(64, count), maxOutputLength: count });
}

/** Compresses as one zstd frame with a checksum. */
export function zstdCompress(bytes: Uint8Array): Uint8Array {
  const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = constants;
  return zstdCompressSync(bytes, { params: { [level]: ZSTD_LEVEL, [checksum]: 1 } });
}

/**
 * The content of a zstd frame.
 *
 * @throws {Error} when it is damaged
 */
export function zstdDecompress(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const content = zstdDecompressSync(bytes);
  // Small results share a pool with others; views of wider types need a memory of their own.
  return content.byteOffset === 0 && content.byteLength === content.buffer.byteLength
    ? new Uint8Array(content.buffer as ArrayBuffer)
    : new Uint8Array(content);
}
