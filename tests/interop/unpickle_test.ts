import assert from "node:assert/strict";
import { CheckpointError } from "../../lib/errors.ts";
import { failureOf } from "../../lib/interop/_fail.ts";
import { MoreBytesNeeded, PickleClass, unpickle, type UnpickleOptions } from "../../lib/interop/unpickle.ts";
import { PickleWriter } from "./_pickle_writer.ts";

const OPTIONS: UnpickleOptions = {
  classes: new Map([["known.Pair", new PickleClass("known.Pair", (args) => ({ args }))]]),
  persistent: (id) => ({ id }),
  fail: failureOf("w.pt"),
};

function load(pickle: PickleWriter): unknown {
  return unpickle(pickle.done(), OPTIONS).value;
}

function refused(pickle: PickleWriter | Uint8Array, reason: string | RegExp): void {
  const bytes = pickle instanceof PickleWriter ? pickle.done() : pickle;
  assert.throws(() => unpickle(bytes, OPTIONS), (error) => {
    assert(error instanceof CheckpointError);
    if (typeof reason === "string") assert.equal(error.message, `Cannot read w.pt: ${reason}`);
    else assert.match(error.message, reason);
    return true;
  });
}

const write = (): PickleWriter => new PickleWriter();

const VALUES: readonly [title: string, pickle: PickleWriter, value: unknown][] = [
  ["None, True and False", write().raw("N", 0x88, 0x89, 0x87), [null, true, false]],
  ["small integers", write().raw("K", 200, "M", 1, 2, "J", 0xfe, 0xff, 0xff, 0xff, 0x87), [200, 513, -2]],
  ["long integers", write().raw(0x8a, 0, 0x8a, 1, 0xff, 0x8b, 2, 0, 0, 0, 0, 0x80, 0x87), [0, -1, -32768]],
  ["an integer beyond 2⁵³", write().int(2n ** 62n), 2n ** 62n],
  ["a float, big-endian", write().raw("G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5],
  ["texts", write().text("höher").raw(0x8c, 2, "ab", "U", 1, "c", 0x87), ["höher", "ab", "c"]],
  ["bytes", write().raw("C", 2, 0, 255), Uint8Array.of(0, 255)],
  ["tuples and lists", write().raw(")(", "K", 1, "t", "](K", 2, "K", 3, "e", 0x87), [[], [1], [2, 3]]],
  ["sets", write().raw(0x8f, "(K", 1, "K", 2, 0x90), [1, 2]],
  ["a dictionary", write().raw("}(").text("a").raw("K", 1).text("b").raw("Nu"), new Map([["a", 1], ["b", null]])],
  ["what it remembers", write().raw("K", 7, "q", 0, "]", "h", 0, "aq", 1, "0h", 1), [7]],
  ["a frame and MEMOIZE", write().raw(0x95, ...Array(8).fill(0), "K", 5, 0x94, "0h", 0), 5],
  ["a known class by GLOBAL", write().global("known", "Pair").raw("(K", 1, "tR"), { args: [1] }],
  ["a known class by STACK_GLOBAL", write().text("known").text("Pair").raw(0x93, ")", 0x81), { args: [] }],
  ["state that is set, by dropping it", write().global("known", "Pair").raw(")R}b"), { args: [] }],
  ["an object outside", write().text("here").raw("Q"), { id: "here" }],
];

for (const [title, pickle, value] of VALUES) {
  Deno.test(`unpickle() reads ${title}`, () => assert.deepEqual(load(pickle), value));
}

Deno.test("unpickle() keeps keys such as __proto__ apart from JavaScript's own", () => {
  const value = load(write().raw("}").text("__proto__").raw("}").text("polluted").raw(0x88, "ss"));
  assert.deepEqual(value, new Map([["__proto__", new Map([["polluted", true]])]]));
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("unpickle() tells how many bytes the pickle takes, and when it needs more", () => {
  const bytes = Uint8Array.from([...write().text("abc").done(), 9, 9, 9]);
  assert.deepEqual(unpickle(bytes, OPTIONS), { value: "abc", length: bytes.length - 3 });
  for (let length = 0; length < bytes.length - 3; length++) {
    assert.throws(() => unpickle(bytes.subarray(0, length), { ...OPTIONS, hasMore: true }), MoreBytesNeeded);
    refused(bytes.subarray(0, length), /^Cannot read w\.pt: expected \d+ more bytes in the pickle, got \d+$/);
  }
});

Deno.test("unpickle() refuses every call that is not on the list, by its name", () => {
  const reason = "expected tensors, numbers, texts and containers of them, which need no code to be run";
  const command = write().global("os", "system").text("touch /tmp/owned").raw(0x85, "R");
  refused(command, `it wants to call os.system; ${reason}`);
  refused(write().text("builtins").text("eval").raw(0x93), `it wants to call builtins.eval; ${reason}`);
  refused(write().raw("N", "K", 3, 0x93), /it wants to call null\.3; /);
  refused(
    write().text("os").text("\n\u001b[31m" + "x".repeat(300)).raw(0x93),
    /it wants to call os\.\\n\\u001b\[31mx+…; /,
  );
  // Names that every JavaScript object has are not on the list either.
  for (const name of ["__proto__", "constructor", "toString"]) refused(write().global("", name), /it wants to call /);
});

Deno.test("unpickle() refuses to call a value that is no class", () => {
  refused(
    write().text("os.system").raw(")R"),
    "expected a pickle to call a known class with a tuple, got something else",
  );
  refused(write().global("known", "Pair").raw("NR"), /expected a pickle to call a known class with a tuple/);
});

Deno.test("unpickle() refuses instructions that build other objects, and other protocols", () => {
  for (
    const [opcode, hex] of [["i", "69"], ["o", "6f"], ["S", "53"], ["P", "50"], [0x82, "82"], [0x97, "97"]] as const
  ) {
    refused(write().raw(opcode), `expected a pickle instruction at byte 2, got 0x${hex}`);
  }
  refused(Uint8Array.of(0x80, 6, 0x4e, 0x2e), "expected a pickle of protocol 2 to 5, got 6");
  refused(new TextEncoder().encode("cos\nsystem\n."), "expected a pickle of protocol 2 to 5, got something else");
});

Deno.test("unpickle() refuses a stack that does not hold what an instruction needs", () => {
  refused(write(), "expected a value on the pickle's stack, got none");
  refused(write().raw("K", 1, "(a"), "expected a value on the pickle's stack, got none");
  refused(write().raw("t"), "expected a mark on the pickle's stack, got none");
  refused(write().raw("h", 3), "expected a value that the pickle remembers as 3, got none");
  refused(write().raw("NNa"), /expected a list to append to in the pickle/);
  refused(write().raw("](NNu"), /expected a dictionary and pairs to set in it/);
  refused(write().raw("}(Nu"), /expected a dictionary and pairs to set in it/);
});

Deno.test("unpickle() refuses deep nesting, however it is written", () => {
  const reason = "expected at most 100 containers in one another in the pickle, got more";
  const many = 200_000;
  refused(write().raw("(".repeat(many)), reason);
  refused(write().raw(")", "\x85".repeat(many)), reason);
  refused(write().raw("]".repeat(many), "a".repeat(many - 1)), reason);
  assert.doesNotThrow(() => load(write().raw(")", "\x85".repeat(100))));
});

Deno.test("unpickle() refuses billion laughs: values that double at each step", () => {
  // As references, they take no memory and nesting stops them; as copies by calls, the steps do.
  const doubling = write().raw("]q", 0);
  for (let i = 0; i < 120; i++) doubling.raw("](h", i, "h", i, "eq", i + 1);
  refused(doubling, "expected at most 100 containers in one another in the pickle, got more");
  const wide = write().raw("](", "N".repeat(50_000), "eq", 0);
  for (let i = 0; i < 200; i++) wide.global("known", "Pair").raw("h", 0, 0x85, "R");
  refused(wide, "expected a pickle of at most 1000000 steps, got a longer one");
});

Deno.test("unpickle() refuses a pickle of too many steps, values to remember, or digits", () => {
  refused(write().raw("N0".repeat(500_001)), "expected a pickle of at most 1000000 steps, got a longer one");
  const memo = new Uint8Array(4 + 5 * 250_001).fill(0x2e);
  memo.set([0x80, 2, 0x4e]);
  for (let i = 0; i <= 250_000; i++) memo.set([0x72, i & 255, (i >> 8) & 255, i >> 16, 0], 3 + 5 * i);
  refused(memo, "expected at most 250000 values that a pickle remembers, got more");
  refused(write().raw(0x8b, 0, 0, 0, 1), "expected integers of at most 16 bytes, got 16777216");
});

Deno.test("unpickle() refuses a text of 4 GB before it allocates any of it", () => {
  refused(write().raw("X", 255, 255, 255, 255), "expected 4294967295 more bytes in the pickle, got 1");
  refused(write().raw(0x8e, ...Array(8).fill(255)), /expected 18446744073709552000 more bytes in the pickle, got 1$/);
});
