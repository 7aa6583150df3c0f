/** Typed options: one zod schema per part; recipe, YAML file and `key.path=value` are merged, then checked together. */
import { z } from "zod";
import { ConfigError, messageOf } from "./errors.ts";
import {
  allowedValues,
  coerce,
  isMap,
  mapSchemas,
  memberSchema,
  type OptionMap,
  type OptionSchema,
  parseTexts,
  selectMap,
} from "./_option_schema.ts";

/** The options of a YAML file; scalars are still text. */
export interface ConfigFile {
  /** Path, for messages. */
  readonly name: string;
  /** What the file says, as a tree. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a user changes; assignments win over the file, later assignments over earlier ones. */
export interface ConfigOverrides {
  /** Of `--config`. */
  readonly file?: ConfigFile;
  /** `key.path=value` each. */
  readonly assignments?: readonly string[];
  /** What messages call the recipe; empty when there is none. Default "the recipe". */
  readonly recipe?: string;
}

/** One line of an option's help. */
export interface OptionDescription {
  /** `optimizer.learningRate`. */
  readonly path: string;
  /** The values allowed, in words. */
  readonly allowed: string;
  /** The default as it is written in an assignment; undefined when the option must be given. */
  readonly default: string | undefined;
  /** The schema's own description, empty when there is none. */
  readonly description: string;
}

/**
 * Reads a YAML file of options.
 *
 * Scalars stay text until {@link resolveConfig} knows their type, so a file and an assignment mean the same by the same
 * characters: `true` is a Boolean, `True` and `yes` are not.
 *
 * @param name path of the file, for messages
 * @throws {ConfigError} when the text is not YAML or not a mapping
 */
export function parseConfigFile(text: string, name: string): ConfigFile {
  let values: unknown;
  try {
    values = parseTexts(text);
  } catch (error) {
    const [reason] = messageOf(error).split("\n");
    throw new ConfigError(`Cannot read ${name}: expected YAML, got ${reason.replace(/:$/, "")}`, { cause: error });
  }
  if (!isMap(values ?? {})) {
    throw new ConfigError(`Cannot read ${name}: expected a mapping of options, got ${formatValue(values)}`);
  }
  return { name, values: (values ?? {}) as Record<string, unknown> };
}

/**
 * Merges what the user changed into a recipe and checks the whole.
 *
 * Groups are merged field by field; lists, single values and a group written as `group={…}` replace what was there, and
 * so does a group whose fixed field selects another alternative of a union. Text becomes what the schema allows at its
 * place: numbers, `true` and `false` in exactly this spelling, `null`, `[a, b]` lists. The message of a schema's own
 * refinement completes the sentence "expected …".
 *
 * @param schema an object schema; keys it does not name are refused, whether it is strict or not
 * @param base the recipe: the differences from the schema's defaults
 * @returns the options with all defaults filled in
 * @throws {ConfigError} with one line per problem, all of them at once
 */
export function resolveConfig<S extends z.ZodType>(
  schema: S,
  base: z.input<S>,
  { file, assignments = [], recipe = "the recipe" }: ConfigOverrides = {},
): z.output<S> {
  const root = jsonSchemaOf(schema);
  const problems: string[] = [];
  let merged = merge(root, base, file?.values ?? {});
  for (const assignment of assignments) {
    const change = parseAssignment(assignment);
    if (change === undefined) problems.push(`${assignment}: expected key.path=value`);
    else merged = merge(root, merged, change);
  }
  const values = coerce(root, merged);
  const paths = optionPaths(root, "");
  for (const path of unknownPaths(root, values, "")) {
    problems.push(`${path}: unknown option, did you mean ${nearestPath(path, paths)}?`);
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, { root, values })));
  if (parsed.success && problems.length === 0) return parsed.data;
  const sources = [recipe, file?.name, assignments.length > 0 ? "the command line" : undefined];
  const lines = [...new Set(problems)].map((problem) => `\n  ${problem}`);
  throw new ConfigError(
    `Cannot use the options of ${sources.filter((source) => source).join(" + ")}:${lines.join("")}`,
  );
}

/**
 * Lists resolved options as path → text, in the order of the schema: `"crop.size" → "[96, 96, 96]"`.
 *
 * `path=text` is a valid assignment of the same value.
 */
export function flattenConfig(config: object): Record<string, string> {
  const flat: [string, string][] = [];
  const visit = (value: unknown, path: string): void => {
    if (isMap(value) && (Object.keys(value).length > 0 || path === "")) {
      for (const [key, item] of Object.entries(value)) visit(item, joinPath(path, key));
    } else if (value !== undefined) flat.push([path, formatText(value)]);
  };
  visit(config, "");
  return Object.fromEntries(flat);
}

/**
 * Describes every option of a schema, for `--help` and the docs.
 *
 * @param base a recipe whose values are shown as the defaults
 */
export function describeConfig<S extends z.ZodType>(schema: S, base?: z.input<S>): OptionDescription[] {
  const root = jsonSchemaOf(schema);
  const shown = flattenConfig(isMap(base) ? base : {});
  const visit = (node: OptionSchema, path: string, inherited: unknown): OptionDescription[] => {
    const value = node.default === undefined ? inherited : node.default;
    const groups = mapSchemas(node).filter(({ properties }) => properties !== undefined);
    const keys = [...new Set(groups.flatMap(({ properties }) => Object.keys(properties ?? {})))];
    if (keys.length > 0) {
      return keys.flatMap((key) =>
        visit(memberSchema({ anyOf: groups }, key) ?? {}, joinPath(path, key), isMap(value) ? value[key] : undefined)
      );
    }
    const text = shown[path] ?? (value === undefined ? undefined : formatText(value));
    return [{ path, allowed: allowedValues(node), default: text, description: node.description ?? "" }];
  };
  return visit(root, "", undefined);
}

function jsonSchemaOf(schema: z.ZodType): OptionSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

/** `a.b=v` as the tree `{ a: { b: "v" } }`. */
function parseAssignment(assignment: string): OptionMap | undefined {
  const cut = assignment.indexOf("=");
  if (cut < 1) return undefined;
  const keys = assignment.slice(0, cut).trim().split(".");
  const value: unknown = assignment.slice(cut + 1).trim();
  return keys.reduceRight((tree, key) => ({ [key]: tree }), value) as OptionMap;
}

function merge(schema: OptionSchema, base: unknown, change: unknown): unknown {
  if (!isMap(base) || !isMap(change)) return change;
  const fields = (value: OptionMap): unknown => selectMap(schema, value)?.properties;
  if (fields(base) !== fields({ ...base, ...change })) return change;
  const merged = Object.entries(change).map(([key, value]) => {
    return [key, Object.hasOwn(base, key) ? merge(memberSchema(schema, key) ?? {}, base[key], value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}

function unknownPaths(schema: OptionSchema, value: unknown, path: string): string[] {
  const map = isMap(value) ? selectMap(schema, value) : undefined;
  if (map === undefined) return [];
  return Object.entries(value as OptionMap).flatMap(([key, item]) => {
    const member = memberSchema(map, key);
    return member === undefined ? [joinPath(path, key)] : unknownPaths(member, item, joinPath(path, key));
  });
}

/** Paths of all options and groups. */
function optionPaths(schema: OptionSchema, path: string): string[] {
  const keys = mapSchemas(schema).flatMap(({ properties }) => Object.keys(properties ?? {}));
  return [...new Set(keys)].flatMap((key) => {
    const inner = joinPath(path, key);
    return [inner, ...optionPaths(memberSchema(schema, key) ?? {}, inner)];
  });
}

/** The path that reads most like the one given, as a whole or by its last name; case, `_` and `-` do not count. */
function nearestPath(given: string, paths: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, "");
  const name = (path: string): string => path.slice(path.lastIndexOf(".") + 1);
  const scored = paths.map((path) => {
    const whole = editDistance(plain(given), plain(path));
    return { path, whole, best: Math.min(whole, editDistance(plain(name(given)), plain(name(path)))) };
  });
  scored.sort((a, b) => a.best - b.best || a.whole - b.whole);
  return scored[0].path;
}

/** Levenshtein distance: insertions, deletions and substitutions that turn a into b. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

function describeIssue(
  issue: z.core.$ZodIssue,
  { root, values }: { root: OptionSchema; values: unknown },
): string[] {
  // Unknown keys are reported by unknownPaths, with a suggestion.
  if (issue.code === "unrecognized_keys") return [];
  let node: OptionSchema = root;
  let value = values;
  for (const key of issue.path) {
    node = memberSchema(node, key as string | number) ?? {};
    value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  }
  const expected = issue.code === "custom" ? issue.message : allowedValues(node);
  if (issue.path.length === 0) return [`expected ${expected}`];
  return [`${issue.path.join(".")}: expected ${expected}, got ${formatValue(value)}`];
}

/** A value as messages show it: text in quotes. */
function formatValue(value: unknown): string {
  return value === undefined ? "nothing" : typeof value === "string" ? JSON.stringify(value) : formatText(value);
}

/** A value as it is written in an assignment. */
function formatText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(formatItem).join(", ")}]`;
  if (!isMap(value)) return String(value);
  return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${formatItem(item)}`).join(", ")}}`;
}

function formatItem(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : formatText(value);
}

function joinPath(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
