import assert from "node:assert/strict";
import { mprage, spinEcho, spoiledGradientEcho } from "../../../lib/dataset/phantom/signal.ts";
import { drawT1Sequence, radians, type T1Sequence, t1Signal } from "../../../lib/dataset/phantom/t1_sequence.ts";
import { randomStream } from "../../../lib/random.ts";

const SEQUENCES = Array.from({ length: 200 }, (_, scanner) => drawT1Sequence(randomStream(1, "t1", scanner), 3));
const SPINS = { t1: 838, t2: 80, pd: 0.71 };

Deno.test("drawT1Sequence() draws all three kinds and now and then another scanner", () => {
  const share = (where: (sequence: T1Sequence) => boolean): number => SEQUENCES.filter(where).length / 200;
  for (const [kind, expected] of [["spinEcho", 0.4], ["spoiledGradientEcho", 0.2], ["mprage", 0.4]] as const) {
    const found = share((sequence) => sequence.kind === kind);
    assert.ok(Math.abs(found - expected) < 0.1, `${kind}: ${found}`);
  }
  const other = share(({ field }) => field === 1.5);
  assert.ok(other > 0.08 && other < 0.25, `${other}`);
});

Deno.test("t1Signal() follows the sequence's own equation, and only a spin echo loses unrefocused spins", () => {
  for (const sequence of SEQUENCES.slice(0, 30)) {
    const signal = t1Signal(SPINS, { sequence, refocused: 0.25 });
    switch (sequence.kind) {
      case "spinEcho":
        assert.equal(signal, 0.25 * spinEcho(SPINS, sequence));
        break;
      case "spoiledGradientEcho":
        assert.equal(signal, spoiledGradientEcho(SPINS, sequence));
        break;
      case "mprage":
        assert.equal(signal, mprage(SPINS, sequence));
    }
  }
});

Deno.test("radians() turns 180 degrees into π", () => {
  assert.equal(radians(180), Math.PI);
});
