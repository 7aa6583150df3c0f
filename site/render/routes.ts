/** File routes: which page a file of routes/ is. */

/** A file of routes/. */
export interface RouteFile {
  /** Path below routes/, e.g. `runs/[name].tsx`. */
  readonly file: string;
  /** Address with `:name` for the parts in brackets, e.g. `/runs/:name`. */
  readonly pattern: string;
  /** The names in brackets. */
  readonly names: readonly string[];
}

/**
 * Reads the route of a file by Fresh's rules: `index` is its folder, `[name]` stands for any text.
 *
 * @returns undefined for `_app`, `_404` and other files that are no page of their own
 * @throws {SyntaxError} when a part in brackets is none that is supported
 */
export function routeOf(file: string): RouteFile | undefined {
  const parts = file.replace(/\.tsx?$/, "").split("/");
  if (parts.some((part) => part.startsWith("_"))) return undefined;
  const names: string[] = [];
  const segments = parts.filter((part, i) => !(part === "index" && i === parts.length - 1)).map((part) => {
    const [, name] = part.match(/^\[([a-zA-Z]\w*)\]$/) ?? [];
    if (name !== undefined) {
      names.push(name);
      return `:${name}`;
    }
    if (/[\[\]()]/.test(part)) {
      throw new SyntaxError(`Cannot route routes/${file}: expected names and [name], got "${part}"`);
    }
    return part;
  });
  return { file, pattern: `/${segments.join("/")}`, names };
}

/**
 * The address of one page of a route.
 *
 * @throws {RangeError} when a value is missing, empty, or cannot be a part of a path
 */
export function addressOf({ file, pattern, names }: RouteFile, params: Readonly<Record<string, string>>): string {
  return names.reduce((address, name) => {
    const value = params[name] ?? "";
    if (!/^[\w.-]+$/.test(value) || /^\.+$/.test(value)) {
      throw new RangeError(
        `Cannot route routes/${file}: expected ${name} of letters, digits, ".", "_" and "-", got "${value}"`,
      );
    }
    return address.replace(`:${name}`, value);
  }, pattern);
}
