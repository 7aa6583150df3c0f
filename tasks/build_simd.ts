/** `deno task build:simd`: compiles all AssemblyScript kernels into the modules of the simd backend. */
// deno-lint-ignore no-import-prefix -- only this build needs it: runs should not have to download it
import asc from "npm:assemblyscript@0.28.20/asc";

const ROOT = new URL("..", import.meta.url);
const FOLDER = "lib/tensor/simd/";

/** The modules by file name, each with the flags of its own: fused multiply-adds are not everywhere. */
export const MODULES: Readonly<Record<string, readonly string[]>> = {
  "kernels.wasm": ["--enable=relaxed-simd"],
  "kernels_baseline.wasm": [],
};

/** Flags of both modules: one shared memory, made by the backend, and no runtime of its own. */
const FLAGS = [
  "-O3",
  "--enable=simd",
  "--enable=threads",
  "--importMemory",
  "--sharedMemory",
  "--initialMemory=256",
  "--maximumMemory=65536",
  "--runtime=stub",
];

/**
 * Compiles the kernels.
 *
 * @param flags those of the module besides the common ones
 * @returns the module's bytes: the same for the same sources, on any machine
 * @throws {Error} with the compiler's messages
 */
export async function buildKernels(flags: readonly string[]): Promise<Uint8Array> {
  const ops = [...Deno.readDirSync(new URL("lib/tensor/ops/", ROOT))].filter(({ isDirectory }) => isDirectory);
  const folders = ops.map(({ name }) => `lib/tensor/ops/${name}/kernel.as.ts`).sort();
  const shared = ["thread", "tile", "gemm"].map((name) => `lib/tensor/simd/${name}.as.ts`);
  const entries = [...shared, ...sourcesIn("lib/tensor/simd/tfjs/"), ...folders.filter((path) => read(path) !== null)];
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([...entries, ...FLAGS, ...flags, "-o", "kernels.wasm"], {
    readFile: (path) => read(path),
    writeFile: (_, content) => {
      if (content instanceof Uint8Array) binary = content;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`Cannot compile kernels: ${stderr.toString() || error?.message}`);
  return binary;
}

/** AssemblyScript files of a folder, in a fixed order. */
function sourcesIn(folder: string): string[] {
  const names = [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name);
  return names.filter((name) => name.endsWith(".as.ts")).sort().map((name) => folder + name);
}

function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(path, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

if (import.meta.main) {
  for (const [name, flags] of Object.entries(MODULES)) {
    const binary = await buildKernels(flags);
    await Deno.writeFile(new URL(FOLDER + name, ROOT), binary);
    console.log(`${FOLDER}${name}: ${binary.length} bytes`);
  }
}
