/** Exported models: their cards, and what lies beside them. */
import { exists, listNames, readText } from "../lib/host/mod.ts";
import type { ModelPage } from "../site/mod.ts";

const CARD = "README.md";

/**
 * Reads folders that `deno task export` wrote.
 *
 * @throws {Error} when a folder holds no exported model
 */
export async function readModels(folders: readonly string[]): Promise<ModelPage[]> {
  const models: ModelPage[] = [];
  for (const folder of folders) {
    if (!await exists(`${folder}/${CARD}`) || !await exists(`${folder}/weights.safetensors`)) {
      throw new Error(
        `Cannot show model ${folder}: expected ${CARD} and weights.safetensors of deno task export, found none`,
      );
    }
    const names = await listNames(folder, /\.(safetensors|onnx)$/);
    const files = await Promise.all(
      names.map(async (name) => ({ name, bytes: (await Deno.stat(`${folder}/${name}`)).size })),
    );
    models.push({ name: nameOfModel(folder), card: await readText(`${folder}/${CARD}`), files });
  }
  return models;
}

/** The folder's name, or that of the run that it lies in. */
function nameOfModel(folder: string): string {
  const parts = folder.split(/[/\\]/).filter((part) => part !== "");
  const last = parts.at(-1) ?? "model";
  return last === "export" && parts.length > 1 ? parts[parts.length - 2] : last;
}
