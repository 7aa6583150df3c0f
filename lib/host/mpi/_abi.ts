/** The two binary interfaces of MPI: what handles are, and the values of the constants. */

/** A handle: an address in Open MPI, a number in MPICH. */
export type Handle = Deno.PointerValue | number;

/** Constants and predefined handles of a library. */
export interface Constants {
  readonly world: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly int: Handle;
  readonly byte: Handle;
  readonly sum: Handle;
  readonly noInfo: Handle;
  /** `MPI_IN_PLACE`. */
  readonly inPlace: Deno.PointerValue;
  /** `MPI_STATUS_IGNORE`. */
  readonly noStatus: Deno.PointerValue;
  /** `MPI_COMM_TYPE_SHARED`. */
  readonly sharedMemory: number;
}

/** Open MPI's handles are the addresses of these symbols. */
const OPEN_MPI_SYMBOLS = {
  ompi_mpi_comm_world: { type: "pointer" },
  ompi_mpi_float: { type: "pointer" },
  ompi_mpi_double: { type: "pointer" },
  ompi_mpi_int: { type: "pointer" },
  ompi_mpi_byte: { type: "pointer" },
  ompi_mpi_op_sum: { type: "pointer" },
  ompi_mpi_info_null: { type: "pointer" },
} as const;

/** Reads Open MPI's constants. */
export function openMpiConstants(file: string): Constants {
  const { symbols } = Deno.dlopen(file, OPEN_MPI_SYMBOLS);
  return {
    world: symbols.ompi_mpi_comm_world,
    float: symbols.ompi_mpi_float,
    double: symbols.ompi_mpi_double,
    int: symbols.ompi_mpi_int,
    byte: symbols.ompi_mpi_byte,
    sum: symbols.ompi_mpi_op_sum,
    noInfo: symbols.ompi_mpi_info_null,
    inPlace: Deno.UnsafePointer.create(1n),
    noStatus: null,
    sharedMemory: 0,
  };
}

/** The constants of MPICH and of all that keep to its interface: Intel MPI, MVAPICH2, Cray MPICH. */
export function mpichConstants(): Constants {
  return {
    world: 0x44000000,
    float: 0x4c00040a,
    double: 0x4c00080b,
    int: 0x4c000405,
    byte: 0x4c00010d,
    sum: 0x58000003,
    noInfo: 0x1c000000,
    inPlace: Deno.UnsafePointer.create(0xffffffffffffffffn),
    noStatus: Deno.UnsafePointer.create(1n),
    sharedMemory: 1,
  };
}

/** The functions in use; `h` is the type of a handle. */
export function signatures(h: "pointer" | "i32"): Readonly<Record<string, Deno.ForeignFunction>> {
  return {
    MPI_Init_thread: { parameters: ["pointer", "pointer", "i32", "buffer"], result: "i32" },
    MPI_Finalize: { parameters: [], result: "i32" },
    MPI_Abort: { parameters: [h, "i32"], result: "i32" },
    MPI_Comm_rank: { parameters: [h, "buffer"], result: "i32" },
    MPI_Comm_size: { parameters: [h, "buffer"], result: "i32" },
    MPI_Comm_dup: { parameters: [h, "buffer"], result: "i32" },
    MPI_Comm_split_type: { parameters: [h, "i32", "i32", h, "buffer"], result: "i32" },
    MPI_Allreduce: { parameters: ["pointer", "buffer", "i32", h, h, h], result: "i32" },
    MPI_Iallreduce: { parameters: ["pointer", "buffer", "i32", h, h, h, "buffer"], result: "i32" },
    MPI_Allgather: { parameters: ["buffer", "i32", h, "buffer", "i32", h, h], result: "i32" },
    MPI_Allgatherv: { parameters: ["buffer", "i32", h, "buffer", "buffer", "buffer", h, h], result: "i32" },
    MPI_Bcast: { parameters: ["buffer", "i32", h, "i32", h], result: "i32" },
    MPI_Ibarrier: { parameters: [h, "buffer"], result: "i32" },
    MPI_Test: { parameters: ["buffer", "buffer", "pointer"], result: "i32" },
    MPI_Wait: { parameters: ["buffer", "pointer"], result: "i32" },
  };
}
