/** Subjects of a prepared folder in the place of scans. */
import {
  checkParameters,
  type Datalist,
  preparedDatalist,
  type PreparedManifest,
  type PrepareParameters,
} from "../lib/dataset/mod.ts";
import { ConfigError } from "../lib/errors.ts";
import { PreparedFolder } from "../lib/host/mod.ts";

/** A prepared folder as a run sees it. */
export interface PreparedData {
  readonly datalist: Datalist;
  readonly origin: string;
  /** Hash of the manifest: a resumed run wants the same. */
  readonly prepared: string;
}

/**
 * The subjects of a prepared folder; undefined where the folder is none.
 *
 * @param asked how the run would prepare scans itself
 * @throws {ConfigError} when the folder was prepared with other options, or not to the end
 */
export async function readPrepared(
  folder: string | undefined,
  asked: Omit<PrepareParameters, "storage">,
): Promise<PreparedData | undefined> {
  if (folder === undefined) return undefined;
  const root = folder.replace(/(?<=.)\/+$/, "");
  const prepared = new PreparedFolder(root);
  if (!await prepared.isPrepared()) return undefined;
  const { manifest, hash } = await prepared.readManifest();
  checkParameters(manifest.parameters, { asked, folder: root });
  return { datalist: preparedDatalist(manifest, root), origin: describe(root, manifest), prepared: hash };
}

/**
 * Checks that a prepared folder is still what a run was started with.
 *
 * @throws {ConfigError} when it is not
 */
export async function verifyPrepared(folder: string, hash: string): Promise<void> {
  const { hash: now } = await new PreparedFolder(folder).readManifest();
  if (now === hash) return;
  throw new ConfigError(
    `Cannot resume on ${folder}: expected the manifest the run was started with (SHA-256 ${hash.slice(0, 12)}…), ` +
      `got another (${now.slice(0, 12)}…)`,
  );
}

function describe(root: string, { parameters, quarantine }: PreparedManifest): string {
  const left = quarantine.length > 0 ? `, ${quarantine.length} in quarantine` : "";
  return `prepared folder ${root} (${parameters.storage}${left})`;
}
