/** T1-weighted sequences: before and after contrast agent they are often not the same, nor on the same scanner. */
import type { Random } from "../../random.ts";
import { mprage, type MprageTiming, spinEcho, type Spins, spoiledGradientEcho } from "./signal.ts";
import type { FieldStrength } from "./tissues.ts";

/** A T1-weighted sequence on a scanner of some field strength; times in ms, angles in radians. */
export type T1Sequence =
  & { readonly field: FieldStrength }
  & (
    | { readonly kind: "spinEcho"; readonly tr: number; readonly te: number }
    | { readonly kind: "spoiledGradientEcho"; readonly tr: number; readonly flipAngle: number }
    | ({ readonly kind: "mprage" } & MprageTiming)
  );

/** Share of T1-weighted images that come from a scanner of the other field strength than the rest of the examination. */
const OTHER_SCANNER = 0.15;

/**
 * Draws a T1-weighted sequence in its usual clinical settings: 40 % spin echo, 40 % MPRAGE, 20 % spoiled gradient echo.
 *
 * BraTS mixes them: before contrast agent mostly 2-D, after it mostly 3-D.
 *
 * @see Menze et al., IEEE Trans Med Imaging 34:1993 (2015), on the imaging data
 */
export function drawT1Sequence(random: Random, examination: FieldStrength): T1Sequence {
  const other = examination === 3 ? 1.5 : 3;
  const field = random.uniform() < OTHER_SCANNER ? other : examination;
  const choice = random.uniform();
  if (choice < 0.4) return { kind: "spinEcho", field, tr: random.between(420, 700), te: random.between(8, 17) };
  if (choice < 0.6) {
    const flipAngle = radians(random.between(22, 32));
    return { kind: "spoiledGradientEcho", field, tr: random.between(18, 30), flipAngle };
  }
  return {
    kind: "mprage",
    field,
    tr: random.between(1700, 2500),
    ti: random.between(800, 1100),
    echoSpacing: random.between(6.5, 8),
    pulses: random.choose([144, 160, 176]),
    flipAngle: radians(random.between(8, 12)),
  };
}

/**
 * Signal of spins in a T1-weighted sequence.
 *
 * @param options.refocused share of the spins that meet both pulses of a spin echo; a gradient echo needs no second one
 */
export function t1Signal(spins: Spins, { sequence, refocused }: { sequence: T1Sequence; refocused: number }): number {
  switch (sequence.kind) {
    case "spinEcho":
      return refocused * spinEcho(spins, sequence);
    case "spoiledGradientEcho":
      return spoiledGradientEcho(spins, sequence);
    case "mprage":
      return mprage(spins, sequence);
  }
}

/** Degrees to radians. */
export function radians(degrees: number): number {
  return degrees * Math.PI / 180;
}
