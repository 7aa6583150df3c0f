import assert from "node:assert/strict";
import {
  diffusionAttenuation,
  inversionRecovery,
  mprage,
  nullingInversionTime,
  spinEcho,
  spoiledGradientEcho,
  timeOfFlight,
} from "../../../lib/dataset/phantom/signal.ts";
import { assertClose } from "./_tools.ts";

const SPINS = { t1: 1000, t2: 100, pd: 0.8 };

Deno.test("spinEcho() multiplies saturation recovery and decay, against a hand value", () => {
  // 0.8 · (1 − 1/2) · 1/4 with TR = T1·ln 2 and TE = T2·ln 4.
  assertClose(spinEcho(SPINS, { tr: 1000 * Math.LN2, te: 100 * Math.log(4) }), 0.1, 1e-12);
  assert.equal(spinEcho(SPINS, { tr: Infinity, te: 0 }), 0.8);
});

Deno.test("inversionRecovery() follows the inversion, against hand values", () => {
  const timing = { tr: Infinity, te: 0 };
  assertClose(inversionRecovery(SPINS, { ...timing, ti: 0 }), 0.8, 1e-12);
  assertClose(inversionRecovery(SPINS, { ...timing, ti: 1000 * Math.LN2 }), 0, 1e-12);
  // 0.8 · |1 − 2/4 + 1/8|
  assertClose(inversionRecovery(SPINS, { tr: 1000 * Math.log(8), te: 0, ti: 1000 * Math.log(4) }), 0.5, 1e-12);
});

Deno.test("nullingInversionTime() nulls the tissue it is computed for", () => {
  const ti = nullingInversionTime(4300, { tr: 9000 });
  assertClose(inversionRecovery({ t1: 4300, t2: 2000, pd: 1 }, { tr: 9000, te: 100, ti }), 0, 1e-12);
  assertClose(ti, 4300 * Math.log(2 / (1 + Math.exp(-9000 / 4300))), 1e-9);
});

Deno.test("mprage() agrees with a pulse-by-pulse simulation of the train at steady state", () => {
  const timing = { tr: 2100, ti: 900, echoSpacing: 7, pulses: 160, flipAngle: 0.157 };
  for (const t1 of [838, 1607, 4300]) {
    const relax = (m: number, ms: number): number => 1 + (m - 1) * Math.exp(-ms / t1);
    let magnetisation = 1, centre = 0;
    for (let cycle = 0; cycle < 20; cycle++) {
      magnetisation = relax(-magnetisation, 900 - 560);
      for (let pulse = 0; pulse < 160; pulse++) {
        if (pulse === 80) centre = magnetisation;
        magnetisation = relax(magnetisation * Math.cos(0.157), 7);
      }
      magnetisation = relax(magnetisation, 2100 - 900 - 560);
    }
    assertClose(mprage({ t1, t2: 100, pd: 0.7 }, timing), 0.7 * Math.sin(0.157) * Math.abs(centre), 1e-6);
  }
});

Deno.test("spoiledGradientEcho() gives Ernst's value, and the most signal at Ernst's angle", () => {
  const tr = 1000 * Math.LN2;
  // E₁ = 1/2 and α = 90°: 0.8 · 1/2.
  assertClose(spoiledGradientEcho(SPINS, { tr, flipAngle: Math.PI / 2 }), 0.4, 1e-12);
  const best = spoiledGradientEcho(SPINS, { tr, flipAngle: Math.acos(0.5) });
  for (const offset of [-0.05, 0.05]) {
    assert.ok(spoiledGradientEcho(SPINS, { tr, flipAngle: Math.acos(0.5) + offset }) < best);
  }
});

Deno.test("timeOfFlight() mixes fresh and saturated spins by the share of inflow", () => {
  const timing = { tr: 20, flipAngle: 0.35 };
  const still = timeOfFlight(SPINS, { ...timing, inflow: 0 }), fresh = timeOfFlight(SPINS, { ...timing, inflow: 1 });
  assert.equal(still, spoiledGradientEcho(SPINS, timing));
  assertClose(fresh, 0.8 * Math.sin(0.35), 1e-12);
  assertClose(timeOfFlight(SPINS, { ...timing, inflow: 0.25 }), 0.75 * still + 0.25 * fresh, 1e-12);
});

Deno.test("diffusionAttenuation() is e to the −b·ADC", () => {
  assertClose(diffusionAttenuation(0.7, 1), 0.49658530379, 1e-10);
  assert.equal(diffusionAttenuation(3, 0), 1);
});
