/** The names that mod.ts exports, frozen: `deno task freeze-api` accepts a change that is meant. */
import assert from "node:assert/strict";

const FACE = new URL("../mod.ts", import.meta.url);
const FROZEN = new URL("./golden/public_api.txt", import.meta.url);

/** The names of `export { … } from`, sorted, types marked; the face of the project lists every name it exports. */
function exportedNames(source: string): string[] {
  const code = source.replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
  const lists = code.matchAll(/^export (type )?\{([^}]*)\}/gm);
  const names = [...lists].flatMap(([, type = "", list]) =>
    list.split(",").map((item) => item.trim()).filter((item) => item !== "").map((item) => {
      const name = item.replace(/^.*\sas\s/, (prefix) => (prefix.startsWith("type ") ? "type " : ""));
      return name.startsWith("type ") ? name : type + name;
    })
  );
  return names.sort();
}

Deno.test("mod.ts exports the frozen names and no others", () => {
  const source = Deno.readTextFileSync(FACE);
  assert.doesNotMatch(source, /^export \*/m, "mod.ts lists each name, so that a change of its face is seen");
  const names = exportedNames(source);
  assert(names.length > 0);
  if (Deno.env.get("FREEZE_PUBLIC_API") === "true") Deno.writeTextFileSync(FROZEN, names.join("\n") + "\n");
  assert.deepEqual(names, Deno.readTextFileSync(FROZEN).trimEnd().split(/\r?\n/));
});

Deno.test("mod.ts exports at run time what its text lists as values", async () => {
  const values = exportedNames(Deno.readTextFileSync(FACE)).filter((name) => !name.startsWith("type "));
  assert.deepEqual(Object.keys(await import(FACE.href)).sort(), values);
});

Deno.test("exportedNames() sees values, types and new names, and no comments", () => {
  const source = `/** export { no } */\nexport { b, type T } from "./b.ts";
export type { S } from "./s.ts";\nexport {\n  // export { never }\n  x as a,\n  type U as V,\n} from "./x.ts";\n`;
  assert.deepEqual(exportedNames(source), ["a", "b", "type S", "type T", "type V"]);
});
