import assert from "node:assert/strict";
import { bytesSource, openWeights } from "../../lib/interop/mod.ts";

const golden = (name: string): Uint8Array => Deno.readFileSync(new URL(`../golden/${name}`, import.meta.url));

for (
  const [name, format, part, count] of [
    ["tiny_zip.pt", "PyTorch", "model_state_dict", 17],
    ["tiny_legacy.pt", "PyTorch before 1.6", "model_state_dict", 17],
    ["tiny.safetensors", "safetensors", "", 8],
  ] as const
) {
  Deno.test(`openWeights() tells ${format} by its first bytes, whatever the file is called`, async () => {
    const weights = await openWeights(bytesSource(golden(name)), "w.bin");
    assert.deepEqual([weights.format, weights.part, weights.tensors.size], [format, part, count]);
  });
}

const OTHER: readonly [bytes: Uint8Array, got: string][] = [
  [new Uint8Array(0), "an empty file"],
  [
    new TextEncoder().encode("version https://git-lfs.github.com/spec/v1"),
    'a file that begins with "version https://git-lfs.',
  ],
  [Uint8Array.of(0x1f, 0x8b, 8, 0), 'a file that begins with "\\u001f\x8b\\b\\u0000"'],
  [new TextEncoder().encode("cos\nsystem\n(S'id'\ntR."), "a file that begins with \"cos\\nsystem\\n(S'id'"],
  [Uint8Array.of(0x80, 2, 0x7d, 0x2e), "a file that begins with "],
];

for (const [bytes, got] of OTHER) {
  Deno.test(`openWeights() refuses ${got.slice(0, 60)}`, async () => {
    await assert.rejects(openWeights(bytesSource(bytes), "w.pt"), (error: Error) => {
      assert.equal(error.name, "CheckpointError");
      const start = `Cannot read w.pt: expected what torch.save or safetensors write, got ${got}`;
      assert.equal(error.message.slice(0, start.length), start);
      return true;
    });
  });
}
