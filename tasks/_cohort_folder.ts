/** A folder on the disk as the phantom cohort sees it. */
import type { CohortFolder } from "../lib/dataset/phantom/mod.ts";
import { exists, makeFolder, readFile, writeFileAtomic } from "../lib/host/mod.ts";

/** Opens a folder for `ensurePhantomCohort`; it is made when the first file is written. */
export function openCohortFolder(folder: string): CohortFolder {
  const root = folder.replace(/(?<=.)\/+$/, "");
  const locate = (path: string): string => `${root}/${path}`;
  return {
    name: root,
    isEmpty: () => isEmptyFolder(root),
    exists: (path) => exists(locate(path)),
    read: (path) => readFile(locate(path)),
    write: async (path, content) => {
      await makeFolder(locate(path).slice(0, locate(path).lastIndexOf("/")));
      await writeFileAtomic(locate(path), content);
    },
  };
}

/** Hidden files do not count: systems and interrupted writes leave them behind. */
async function isEmptyFolder(folder: string): Promise<boolean> {
  if (!await exists(folder)) return true;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith(".")) return false;
  }
  return true;
}
