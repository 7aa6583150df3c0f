/** Finds a library of MPI on this machine and opens it, whichever of the two binary interfaces it has. */
import { type Constants, type Handle, mpichConstants, openMpiConstants, signatures } from "./_abi.ts";
import type { Launch } from "./launch.ts";

type Buffer = Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** MPI's functions; handles are whatever the library's are. */
export interface MpiFunctions {
  MPI_Init_thread(argc: null, argv: null, required: number, provided: Buffer): number;
  MPI_Finalize(): number;
  MPI_Abort(comm: Handle, code: number): number;
  MPI_Comm_rank(comm: Handle, rank: Buffer): number;
  MPI_Comm_size(comm: Handle, size: Buffer): number;
  MPI_Comm_dup(comm: Handle, copy: Buffer): number;
  MPI_Comm_split_type(comm: Handle, type: number, key: number, info: Handle, part: Buffer): number;
  MPI_Allreduce(send: Handle, receive: Buffer, count: number, type: Handle, op: Handle, comm: Handle): number;
  MPI_Iallreduce(...args: [...Parameters<MpiFunctions["MPI_Allreduce"]>, request: Buffer]): number;
  MPI_Allgather(send: Buffer, n: number, type: Handle, receive: Buffer, m: number, into: Handle, comm: Handle): number;
  MPI_Allgatherv(
    send: Buffer,
    n: number,
    type: Handle,
    ...receive: [values: Buffer, counts: Buffer, offsets: Buffer, type: Handle, comm: Handle]
  ): number;
  MPI_Bcast(values: Buffer, count: number, type: Handle, root: number, comm: Handle): number;
  MPI_Ibarrier(comm: Handle, request: Buffer): number;
  MPI_Test(request: Buffer, flag: Buffer, status: Deno.PointerValue): number;
  MPI_Wait(request: Buffer, status: Deno.PointerValue): number;
}

/** An open library. */
export interface MpiLibrary {
  /** Name it was found under. */
  readonly file: string;
  /** First line of what it says of itself. */
  readonly version: string;
  readonly constants: Constants;
  readonly functions: MpiFunctions;
  /** Room for a handle that a function writes. */
  handleRoom(): Uint8Array<ArrayBuffer>;
  /** The handle in that room. */
  readHandle(room: Uint8Array<ArrayBuffer>): Handle;
}

/** Environment variable that names the library where it is found under another name. */
export const LIBRARY_VARIABLE = "BRAINMVP_MPI_LIBRARY";

const OPEN_MPI = { files: ["libmpi.so.40", "libmpi.40.dylib"], name: "Open MPI", packages: "openmpi-bin" };
const MPICH = { files: ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"], name: "MPICH", packages: "mpich" };

/** Kinds of library in the order in which they are tried. */
function kindsFor(launcher: Launch["launcher"]): (typeof OPEN_MPI)[] {
  return launcher === "Open MPI" ? [OPEN_MPI] : launcher === "MPICH" ? [MPICH] : [OPEN_MPI, MPICH];
}

/**
 * Opens the library that belongs to a launcher.
 *
 * @param named file to open instead
 * @throws {Error} when there is none, or it is neither Open MPI nor of MPICH's interface; says what to install
 */
export function openLibrary({ launcher }: Pick<Launch, "launcher">, named?: string): MpiLibrary {
  const kinds = kindsFor(launcher);
  const files = named === undefined ? kinds.flatMap((kind) => kind.files) : [named];
  for (const file of files) {
    const version = versionOf(file);
    if (version !== undefined) return openVersion(file, version);
  }
  const names = kinds.map(({ files: [first], name }) => `${first} of ${name}`).join(" or ");
  const packages = kinds.map((kind) => `apt install ${kind.packages}`).join(" or ");
  throw new Error(
    `Cannot start MPI: expected ${named ?? names}, found none; on Debian: ${packages}; ` +
      `elsewhere name the file in the environment variable ${LIBRARY_VARIABLE}`,
  );
}

/** What a library says of itself, which it may be asked before it is started; undefined where there is none. */
function versionOf(file: string): string | undefined {
  const parameters = ["buffer", "buffer"] as const;
  try {
    const library = Deno.dlopen(file, { MPI_Get_library_version: { parameters, result: "i32" } });
    const text = new Uint8Array(8192), length = new Int32Array(1);
    library.symbols.MPI_Get_library_version(text, length);
    return new TextDecoder().decode(text.subarray(0, length[0])).replace(/\0.*$/s, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

function openVersion(file: string, text: string): MpiLibrary {
  const version = text.trim().split("\n")[0].replace(/,? package:.*$/, "").replace(/\s*Version:\s*/, " ").trim();
  const common = { file, version };
  if (/^Open MPI/.test(version)) {
    return {
      ...common,
      constants: openMpiConstants(file),
      functions: Deno.dlopen(file, signatures("pointer")).symbols as unknown as MpiFunctions,
      handleRoom: () => new Uint8Array(8),
      readHandle: (room) => Deno.UnsafePointer.create(new BigUint64Array(room.buffer)[0]),
    };
  }
  if (/MPICH|MVAPICH|Intel\(R\) MPI/.test(version)) {
    return {
      ...common,
      constants: mpichConstants(),
      functions: Deno.dlopen(file, signatures("i32")).symbols as unknown as MpiFunctions,
      handleRoom: () => new Uint8Array(4),
      readHandle: (room) => new Int32Array(room.buffer)[0],
    };
  }
  throw new Error(`Cannot start MPI: expected ${file} to be Open MPI or of MPICH's interface, got "${version}"`);
}
