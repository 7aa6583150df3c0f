import assert from "node:assert/strict";
import { addressOf, type RouteFile, routeOf } from "../../site/mod.ts";

Deno.test("routeOf() names pages by their files", () => {
  const cases = [
    ["index.tsx", "/", []],
    ["ablation.tsx", "/ablation", []],
    ["runs/index.tsx", "/runs", []],
    ["runs/[name].tsx", "/runs/:name", ["name"]],
    ["a/[b]/[c].tsx", "/a/:b/:c", ["b", "c"]],
  ] as const;
  for (const [file, pattern, names] of cases) assert.deepEqual(routeOf(file), { file, pattern, names });
});

Deno.test("routeOf() leaves out the frame, the page of errors and private files", () => {
  for (const file of ["_app.tsx", "_404.tsx", "runs/_part.tsx", "_private/a.tsx"]) {
    assert.equal(routeOf(file), undefined, file);
  }
});

Deno.test("routeOf() throws for patterns of Fresh that it does not know", () => {
  for (const [file, part] of [["[...all].tsx", "[...all]"], ["(group)/a.tsx", "(group)"], ["[[a]].tsx", "[[a]]"]]) {
    assert.throws(() => routeOf(file), {
      name: "SyntaxError",
      message: `Cannot route routes/${file}: expected names and [name], got "${part}"`,
    });
  }
});

Deno.test("addressOf() fills in names, and refuses what is no part of a path", () => {
  const route = routeOf("runs/[name].tsx") as RouteFile;
  assert.equal(addressOf(route, { name: "quick-20260101" }), "/runs/quick-20260101");
  for (const name of ["", "..", "a/b", "a b", "ü"]) {
    assert.throws(() => addressOf(route, { name }), {
      name: "RangeError",
      message: `Cannot route routes/runs/[name].tsx: expected name of letters, digits, ".", "_" and "-", got "${name}"`,
    });
  }
});
