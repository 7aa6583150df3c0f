/** `deno task prepare --verify`: are the files still what they were? */
import { ConfigError } from "../lib/errors.ts";
import { createProgress, type DamagedFile, PreparedFolder } from "../lib/host/mod.ts";
import type { PrepareArguments } from "./prepare.ts";

/**
 * Compares all files of a prepared folder with their hashes.
 *
 * @returns the exit status: 0 all as they were, 1 damage
 */
export async function runVerification({ out, repair }: PrepareArguments): Promise<number> {
  if (out === undefined) throw new ConfigError("Cannot verify: expected --out with the prepared folder, got none");
  const folder = new PreparedFolder(out);
  const { manifest } = await folder.readManifest();
  const hashes = Object.entries(manifest.sha256);
  const damaged: DamagedFile[] = [];
  {
    using progress = createProgress({ total: Math.max(1, hashes.length), label: "verify" });
    for (const [done, [id, hash]] of hashes.entries()) {
      const damage = await folder.damageOf(id, hash);
      if (damage) damaged.push(damage);
      progress.update(done + 1, { damaged: damaged.length });
    }
  }
  for (const { id, reason } of damaged) console.log(`damaged   ${id}: ${reason}`);
  for (const { id, reason } of manifest.quarantine) console.log(`quarantine ${id}: ${reason}`);
  console.log(`verified  ${hashes.length} subjects in ${out}: ${damaged.length} damaged`);
  if (damaged.length === 0) return 0;
  if (repair) { for (const { id } of damaged) await folder.discard(id); }
  console.log(
    repair
      ? "damaged subjects were taken out: give the deno task prepare that made the folder again"
      : "take them out with --repair instead of --verify, then prepare again",
  );
  return 1;
}
