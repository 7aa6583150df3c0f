/** Bytes that are read piece by piece, so that a file of gigabytes needs no memory of its size. */

/** Something with bytes at offsets: a file, a Blob, an array. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /** The bytes from `offset` to `offset + length`, all of them; a range beyond the end is an error. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A source over bytes in memory; what it reads are views, not copies. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => {
      const end = offset + length;
      return end <= bytes.length
        ? Promise.resolve(bytes.subarray(offset, end))
        : Promise.reject(outside({ offset, length }, bytes.length));
    },
  };
}

/** A source over a Blob, such as a file that a person picked in a browser. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => {
      const end = offset + length;
      if (end > blob.size) throw outside({ offset, length }, blob.size);
      return new Uint8Array(await blob.slice(offset, end).arrayBuffer());
    },
  };
}

function outside({ offset, length }: { offset: number; length: number }, size: number): RangeError {
  return new RangeError(`Cannot read bytes: expected a range up to byte ${size}, got ${offset} to ${offset + length}`);
}
