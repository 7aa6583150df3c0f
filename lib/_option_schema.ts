/** Options seen as JSON Schema: what a field allows, in words, and how text becomes its value. Private to config.ts. */
import { parse } from "yaml";
import type { z } from "zod";

/** The part of a schema that describes one option or one group. */
export type OptionSchema = z.core.JSONSchema.BaseSchema;

/** A group's values before they are checked. */
export type OptionMap = Readonly<Record<string, unknown>>;

/** True for a plain object. */
export function isMap(value: unknown): value is OptionMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schemas of a union, one per type; a schema that is no union stands alone. */
function alternatives(schema: OptionSchema): OptionSchema[] {
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return union.flatMap((member) => alternatives(asSchema(member)));
  // Zod writes a nullable field as a list of types, in which `enum` already names null.
  const types: unknown = schema.type;
  if (!Array.isArray(types) || schema.enum !== undefined) return [schema];
  return types.map((type) => ({ ...schema, type }));
}

/** A schema may be a plain true ("anything"), which has no parts. */
function asSchema(schema: unknown): OptionSchema {
  return isMap(schema) ? schema : {};
}

/** Alternatives that are groups or mappings. */
export function mapSchemas(schema: OptionSchema): OptionSchema[] {
  return alternatives(schema).filter((option) => option.type === "object");
}

/** The alternative that a group's fixed fields (such as `kind`) select; else the first. */
export function selectMap(schema: OptionSchema, value: OptionMap): OptionSchema | undefined {
  const maps = mapSchemas(schema);
  return maps.find((map) =>
    Object.entries(map.properties ?? {}).every(([key, field]) => {
      const fixed = asSchema(field).const;
      return fixed === undefined || String(fixed) === String(value[key]);
    })
  ) ?? maps[0];
}

/** The schema of a group's field or a list's item, over all alternatives; undefined when there is no such key. */
export function memberSchema(schema: OptionSchema, key: string | number): OptionSchema | undefined {
  const members = alternatives(schema).flatMap((option) => {
    const item = typeof key === "number" ? option.prefixItems?.[key] ?? option.items : undefined;
    const fields = option.properties ?? {};
    const field = Object.hasOwn(fields, key) ? fields[key] : option.additionalProperties;
    return [item ?? (typeof key === "string" ? field : undefined)].filter(isMap);
  });
  return members.length > 1 ? { anyOf: members } : members[0];
}

/**
 * Turns every text into the value its schema means: `"true"` into true where a Boolean is allowed, `"3e-4"` into a
 * number, `"[1, 2]"` into a list. Text that fits nothing stays as it is, for the validation to report.
 */
export function coerce(schema: OptionSchema, value: unknown): unknown {
  if (typeof value === "string") return coerceText(schema, value);
  if (Array.isArray(value)) return value.map((item, i) => coerce(memberSchema(schema, i) ?? {}, item));
  if (!isMap(value)) return value;
  const map = selectMap(schema, value) ?? {};
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, coerce(memberSchema(map, key) ?? {}, item)]),
  );
}

function coerceText(schema: OptionSchema, text: string): unknown {
  const options = alternatives(schema);
  const allows = (...types: string[]): boolean => options.some(({ type }) => types.includes(String(type)));
  const fixed = options.flatMap(fixedValues).find((value) => String(value) === text);
  if (fixed !== undefined) return fixed;
  if (text === "null" && allows("null")) return null;
  if ((text === "true" || text === "false") && allows("boolean")) return text === "true";
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && allows("number", "integer")) return Number(text);
  if ((text.startsWith("[") && allows("array")) || (text.startsWith("{") && allows("object"))) {
    try {
      return coerce(schema, parseTexts(text));
    } catch {
      return text;
    }
  }
  return text;
}

/** Reads YAML, leaving every scalar as its text: `False` stays a word until a schema says what it is. */
export function parseTexts(text: string): unknown {
  return parse(text, { schema: "failsafe" });
}

function fixedValues({ const: fixed, enum: listed }: OptionSchema): unknown[] {
  return listed ?? (fixed === undefined ? [] : [fixed]);
}

/** What a schema allows, in words: `an integer of at least 1`, `"t1" or "t2"`, `a list of 3, each a number`. */
export function allowedValues(schema: OptionSchema): string {
  const options = alternatives(schema);
  const words = options.flatMap((option) => {
    const fixed = fixedValues(option);
    return fixed.length > 0 ? fixed.map((value) => JSON.stringify(value)) : describeType(option);
  });
  return joinWords([...new Set(words)], "or");
}

function describeType(schema: OptionSchema): string[] {
  switch (schema.type) {
    case "boolean":
      return ["true", "false"];
    case "null":
      return ["null"];
    case "integer":
      return [`an integer${describeBounds(schema)}`];
    case "number":
      return [`a number${describeBounds(schema)}`];
    case "string":
      return [schema.minLength === 1 ? "non-empty text" : "text"];
    case "array":
      return [`a list${describeItems(schema)}`];
    case "object":
      return [
        schema.properties === undefined
          ? `a mapping${describeEach(schema.additionalProperties)}`
          : describeGroup(schema),
      ];
    default:
      return ["a value"];
  }
}

function describeGroup(schema: OptionSchema): string {
  return `a group of ${joinWords(Object.keys(schema.properties ?? {}), "and")}`;
}

function describeBounds({ minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf }: OptionSchema): string {
  // Zod's integers carry the limits of safe integers, which tell the reader nothing.
  const limit = (words: string, bound: unknown): string[] =>
    typeof bound === "number" && Math.abs(bound) !== Number.MAX_SAFE_INTEGER ? [`${words} ${bound}`] : [];
  const bounds = [
    ...limit("of at least", minimum),
    ...limit("greater than", exclusiveMinimum),
    ...limit("at most", maximum),
    ...limit("less than", exclusiveMaximum),
    ...limit("divisible by", multipleOf),
  ];
  return bounds.length === 0 ? "" : ` ${joinWords(bounds, "and")}`;
}

function describeItems({ prefixItems, items, minItems, maxItems }: OptionSchema): string {
  const length = minItems !== undefined && minItems === maxItems
    ? ` of ${minItems}`
    : `${minItems === undefined ? "" : ` of at least ${minItems}`}${
      maxItems === undefined ? "" : ` of at most ${maxItems}`
    }`;
  const each = prefixItems === undefined ? describeEach(items) : describeEach({ anyOf: prefixItems });
  return length + each;
}

function describeEach(schema: unknown): string {
  return isMap(schema) ? `, each ${allowedValues(schema)}` : "";
}

function joinWords(words: readonly string[], last: "and" | "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}
