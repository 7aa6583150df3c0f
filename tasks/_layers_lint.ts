/** Lint plugin: who may import whom, and which globals belong to which folder. */
/// <reference lib="deno.unstable" />
import { pathToFileURL } from "node:url";

const ROOT = new URL("../", import.meta.url);

/** Rooms of one floor do not import one another; they meet through plain values. */
const PEERS = ["dataset", "masking", "templates", "model", "losses", "metrics", "inference", "report", "interop"];
const LOWER = ["leaf", "tensor"];
const LIBRARY = [...LOWER, ...PEERS, "trainer"];

/** What the files of each room may import besides their own room. A room not named here is not imported by the library. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  leaf: [],
  tensor: ["leaf"],
  ...Object.fromEntries(PEERS.map((room) => [room, LOWER])),
  trainer: [...LOWER, ...PEERS],
  host: [...LOWER, ...PEERS],
  "mod.ts": LIBRARY,
  recipes: LIBRARY,
  site: [...LIBRARY, "mod.ts", "bench"],
  notebooks: [...LIBRARY, "mod.ts", "recipes"],
  tasks: [...LIBRARY, "host", "mod.ts", "recipes", "bench", "site"],
};

/** Rooms that may reach everything, inner files too. */
const UNBOUND = ["tests", "bench"];

/** A file of the project. */
interface Place {
  /** Path from the project's root, separated by `/`. */
  readonly path: string;
  /** `leaf`, a folder of lib/, a top folder, or a file of the root. */
  readonly room: string;
}

function placeOf(url: URL): Place | undefined {
  if (!url.href.startsWith(ROOT.href)) return undefined;
  const path = decodeURIComponent(url.href.slice(ROOT.href.length));
  const [top, second, ...rest] = path.split("/");
  const isLibrary = top === "lib" && second !== undefined;
  return { path, room: isLibrary ? (rest.length === 0 ? "leaf" : second) : top };
}

/** Finds the place of the file being linted. */
function importerOf(context: Deno.lint.RuleContext): { url: URL; place: Place | undefined } {
  const url = pathToFileURL(context.filename);
  return { url, place: placeOf(url) };
}

type ModuleReference =
  | Deno.lint.ImportDeclaration
  | Deno.lint.ExportNamedDeclaration
  | Deno.lint.ExportAllDeclaration
  | Deno.lint.ImportExpression;

/** Calls back for everything that loads another module. */
function onImport(report: (node: ModuleReference, specifier: string) => void): Deno.lint.LintVisitor {
  const visit = (node: ModuleReference): void => {
    if (node.source?.type === "Literal" && typeof node.source.value === "string") report(node, node.source.value);
  };
  return {
    ImportDeclaration: visit,
    ExportNamedDeclaration: visit,
    ExportAllDeclaration: visit,
    ImportExpression: visit,
  };
}

/** True when nothing of the import is left at run time. */
function isTypeOnly(node: ModuleReference): boolean {
  switch (node.type) {
    case "ImportDeclaration":
      return node.importKind === "type" ||
        (node.specifiers.length > 0 &&
          node.specifiers.every((item) => item.type === "ImportSpecifier" && item.importKind === "type"));
    case "ExportNamedDeclaration":
      return node.exportKind === "type" ||
        (node.specifiers.length > 0 && node.specifiers.every((item) => item.exportKind === "type"));
    case "ExportAllDeclaration":
      return node.exportKind === "type";
    default:
      return false;
  }
}

function mayImport(from: Place, to: Place, options: { typeOnly: boolean }): boolean {
  if (from.room === to.room || UNBOUND.includes(from.room)) return true;
  if (MAY_IMPORT[from.room]?.includes(to.room)) return true;
  return options.typeOnly && PEERS.includes(from.room) && PEERS.includes(to.room);
}

/** True for a leaf, a room's face, or the importer's own room. */
function isOpen(from: Place, to: Place): boolean {
  if (from.room === to.room || UNBOUND.includes(from.room)) return true;
  const name = to.path.slice(to.path.lastIndexOf("/") + 1);
  if (name.startsWith("_")) return false;
  return !to.path.startsWith("lib/") || to.room === "leaf" || name === "mod.ts";
}

/** A rule about one import between two files of the project. */
function importRule(
  check: (node: ModuleReference, places: { from: Place; to: Place }) => string | undefined,
): Deno.lint.Rule {
  return {
    create(context): Deno.lint.LintVisitor {
      const { url, place: from } = importerOf(context);
      return onImport((node, specifier) => {
        const to = /^\.{0,2}\//.test(specifier) ? placeOf(new URL(specifier, url)) : undefined;
        const message = from !== undefined && to !== undefined ? check(node, { from, to }) : undefined;
        if (message !== undefined) context.report({ node, message });
      });
    },
  };
}

/** A rule against a global, in the files that the predicate picks. */
function globalRule(
  applies: (place: Place) => boolean,
  visitor: (report: (node: Deno.lint.Node, message: string) => void) => Deno.lint.LintVisitor,
): Deno.lint.Rule {
  return {
    create(context): Deno.lint.LintVisitor {
      const { place } = importerOf(context);
      return place !== undefined && applies(place) ? visitor((node, message) => context.report({ node, message })) : {};
    },
  };
}

function isLibrary({ path }: Place): boolean {
  return path.startsWith("lib/");
}

function isPortable({ path, room }: Place): boolean {
  return (isLibrary({ path, room }) && room !== "host") || room === "recipes" || path === "mod.ts";
}

/** The second one is loaded only where a GPU is used. */
const TFJS_IMPORTERS = ["lib/tensor/tf.ts", "lib/tensor/tf_webgpu.ts"];

const CLOCKS = ["Date.now", "performance.now", "Math.random"];

const plugin: Deno.lint.Plugin = {
  name: "layers",
  rules: {
    direction: importRule((node, { from, to }) =>
      mayImport(from, to, { typeOnly: isTypeOnly(node) })
        ? undefined
        : `Cannot import ${to.path} into ${from.path}: expected imports to go down, got ${from.room} → ${to.room}`
    ),
    face: importRule((_node, { from, to }) =>
      isOpen(from, to) ? undefined : `Cannot import ${to.path} into ${from.path}: expected the folder's mod.ts`
    ),
    tfjs: {
      create(context): Deno.lint.LintVisitor {
        const { place } = importerOf(context);
        if (place === undefined || UNBOUND.includes(place.room) || TFJS_IMPORTERS.includes(place.path)) return {};
        return onImport((node, specifier) => {
          if (!specifier.startsWith("@tensorflow/")) return;
          const message =
            `Cannot import ${specifier} into ${place.path}: expected lib/tensor/tf.ts to be its one importer`;
          context.report({ node, message });
        });
      },
    },
    "deno-global": globalRule((place) => isPortable(place) || place.room === "site", (report) => ({
      Identifier(node): void {
        if (node.name === "Deno") report(node, "Cannot use Deno here: expected it in lib/host/ and tasks/ only");
      },
    })),
    console: globalRule(isLibrary, (report) => ({
      MemberExpression({ object }): void {
        if (object.type === "Identifier" && object.name === "console") {
          report(object, "Cannot use console in lib/: expected values to be returned and tasks to print");
        }
      },
    })),
    clock: globalRule(isPortable, (report) => ({
      MemberExpression(node): void {
        if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
        const name = `${node.object.name}.${node.property.name}`;
        if (CLOCKS.includes(name)) report(node, `Cannot use ${name} in lib/: expected it to be handed in`);
      },
      NewExpression(node): void {
        const isNow = node.callee.type === "Identifier" && node.callee.name === "Date" && node.arguments.length === 0;
        if (isNow) report(node, "Cannot use new Date() in lib/: expected it to be handed in");
      },
    })),
  },
};

export default plugin;
