/** A prepared subject on the disk, read piece by piece. */
import { type ByteRange, type OpenPreparedStore, type PreparedStore, subjectFolder, useZstd } from "../dataset/mod.ts";
import { zstdDecompress } from "./compression.ts";

/** Opens subjects of a prepared folder. */
export function preparedStores(folder: string): OpenPreparedStore {
  useZstd(zstdDecompress);
  return (id) => new FileStore(`${folder}/subjects/${subjectFolder(id)}`);
}

/**
 * The files of one subject. Reads are synchronous: a crop takes hundreds of small ones, from the page cache more often than
 * not, and the thread has nothing else to do.
 */
class FileStore implements PreparedStore, Disposable {
  readonly name: string;
  readonly #files = new Map<string, Deno.FsFile>();

  constructor(folder: string) {
    this.name = folder;
  }

  get(key: `/${string}`): Promise<Uint8Array | undefined> {
    return orAbsent(() => Deno.readFileSync(this.name + key));
  }

  getRange(key: `/${string}`, range: ByteRange): Promise<Uint8Array | undefined> {
    return orAbsent(() => {
      const file = this.#open(key);
      const [offset, length] = "suffixLength" in range
        ? [file.statSync().size - range.suffixLength, range.suffixLength]
        : [range.offset, range.length];
      if (offset < 0) throw new Error(`expected at least ${length} bytes in ${key}, got fewer`);
      file.seekSync(offset, Deno.SeekMode.Start);
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const count = file.readSync(bytes.subarray(done));
        if (count === null) throw new Error(`expected ${length} bytes from byte ${offset} of ${key}, got ${done}`);
        done += count;
      }
      return bytes;
    });
  }

  #open(key: string): Deno.FsFile {
    const open = this.#files.get(key);
    if (open !== undefined) return open;
    const file = Deno.openSync(this.name + key, { read: true });
    this.#files.set(key, file);
    return file;
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}

/** A file that is not there is no error to a Zarr store. */
function orAbsent(read: () => Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return Promise.resolve(read());
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? Promise.resolve(undefined) : Promise.reject(error);
  }
}
