/** What the report says of software, machine, permissions and folders. */
import { statfsSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { messageOf } from "../lib/errors.ts";
import { exists, makeFolder, readText, remove, writeFileAtomic } from "../lib/host/mod.ts";
import { tf } from "../lib/tensor/mod.ts";
import { formatBytes, type Line, orNull } from "./_doctor_report.ts";

/** Versions of everything that decides the numbers. */
export interface VersionFacts {
  /** Name and version; null where deno.json may not be read. */
  readonly project: string | null;
  readonly deno: string;
  readonly v8: string;
  readonly typescript: string;
  readonly tfjs: string;
}

/** Reads the versions. */
export async function findVersions(): Promise<VersionFacts> {
  const file = fileURLToPath(new URL("../deno.json", import.meta.url));
  const project = await readText(file).then(nameAndVersion).catch(() => null);
  return { project, ...Deno.version, tfjs: tf.version_core };
}

function nameAndVersion(text: string): string {
  const { name, version } = JSON.parse(text);
  return `${name} ${version}`;
}

/** Lines of {@linkcode VersionFacts}. */
export function describeVersions({ project, deno, v8, typescript, tfjs }: VersionFacts): Line[] {
  return [
    { label: "project", text: project ?? "unknown" },
    { label: "Deno", text: `${deno} (V8 ${v8}, TypeScript ${typescript})` },
    { label: "TensorFlow.js", text: tfjs },
  ];
}

/** The machine, as far as this process may know it; null is unknown. */
export interface MachineFacts {
  readonly system: string;
  readonly architecture: string;
  readonly release: string | null;
  readonly processor: string | null;
  readonly processors: number;
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number } | null;
}

/** Looks at the machine. */
export function findMachine(): MachineFacts {
  const memory = orNull(() => Deno.systemMemoryInfo());
  return {
    system: Deno.build.os,
    architecture: Deno.build.arch,
    release: orNull(() => Deno.osRelease()),
    processor: orNull(() => os.cpus()[0].model.trim()) || null,
    processors: navigator.hardwareConcurrency,
    memory: memory && { totalBytes: memory.total, availableBytes: memory.available },
  };
}

/** Lines of {@linkcode MachineFacts}. */
export function describeMachine(facts: MachineFacts): Line[] {
  const { system, architecture, release, processor, processors, memory } = facts;
  return [
    { label: "system", text: [system, release, architecture].filter((part) => part !== null).join(" ") },
    { label: "processors", text: `${processors} × ${processor ?? "unknown model"}` },
    {
      label: "memory",
      text: memory ? `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.availableBytes)} available` : "unknown",
    },
  ];
}

/** What Deno grants this process. */
export type PermissionFacts = Readonly<Record<string, Deno.PermissionState>>;

const PERMISSIONS: Readonly<Record<string, Deno.PermissionDescriptor>> = {
  read: { name: "read" },
  "write data": { name: "write", path: "data" },
  "write runs": { name: "write", path: "runs" },
  "write elsewhere": { name: "write" },
  net: { name: "net" },
  run: { name: "run" },
  env: { name: "env" },
  ffi: { name: "ffi" },
};

/** Asks for the state of each permission, without asking for the permission. */
export function findPermissions(): PermissionFacts {
  const states = Object.entries(PERMISSIONS).map(([name, descriptor]) => {
    return [name, Deno.permissions.querySync(descriptor).state] as const;
  });
  return Object.fromEntries(states);
}

/** Lines of {@linkcode PermissionFacts}. */
export function describePermissions(facts: PermissionFacts): Line[] {
  const named = (granted: boolean): string => {
    const names = Object.keys(facts).filter((name) => (facts[name] === "granted") === granted);
    return names.join(", ") || "none";
  };
  return [{ label: "granted", text: named(true) }, { label: "not granted", text: named(false) }];
}

/** A folder that tasks write to. */
export interface FolderFacts {
  readonly path: string;
  readonly exists: boolean;
  /** Why nothing can be written there; null when it can. */
  readonly problem: string | null;
}

/** Folders that tasks write to. */
export const FOLDERS = ["data", "runs"] as const;

/** Writes a small file into a folder and takes it away again, and the folder too when there was none. */
export async function probeFolder(path: string): Promise<FolderFacts> {
  let existed = false;
  try {
    existed = await exists(path);
    await makeFolder(path);
    const file = `${path}/.doctor-${crypto.randomUUID()}`;
    await writeFileAtomic(file, "written by deno task doctor\n");
    await remove(file);
    // Another process may have put something there meanwhile.
    if (!existed) await Deno.remove(path).catch(() => {});
    return { path, exists: existed, problem: null };
  } catch (error) {
    return { path, exists: existed, problem: messageOf(error) };
  }
}

/** Bytes free for this user on the disk of the working folder; null where the system does not tell. */
export function freeDiskBytes(): number | null {
  return orNull(() => {
    const { bavail, bsize } = statfsSync(".");
    return bavail * bsize;
  });
}

/** Lines of folders and disk. */
export function describeFolders(
  { folders, freeBytes }: { folders: readonly FolderFacts[]; freeBytes: number | null },
): Line[] {
  return [
    ...folders.map(({ path, exists, problem }): Line => {
      if (problem !== null) return { label: `${path}/`, text: problem, state: "note" };
      return { label: `${path}/`, text: exists ? "writable" : "not there yet, can be made" };
    }),
    { label: "free disk space", text: freeBytes === null ? "unknown" : formatBytes(freeBytes) },
  ];
}
