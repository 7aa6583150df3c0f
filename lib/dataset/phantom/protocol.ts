/** One scanner and its settings: from tissue properties to the signal of every tissue in one modality. */
import type { Random } from "../../random.ts";
import type { Modality } from "../modality.ts";
import {
  diffusionAttenuation,
  inversionRecovery,
  mprage,
  type MprageTiming,
  nullingInversionTime,
  spinEcho,
  type Spins,
  timeOfFlight,
} from "./signal.ts";
import { type FieldStrength, relaxationAfterContrast, type Tissue, TISSUE_PROPERTIES, TISSUES } from "./tissues.ts";

/** Share of the moving blood that is replaced between the pulses of a spin echo and so gives no signal (flow void). */
const FLOW_VOID = 0.85;

/** Settings of one subject's examination; times in ms, angles in radians. */
export interface Protocol {
  /** Tesla. */
  readonly field: FieldStrength;
  /** T1-weighted sequence: MPRAGE, or null for a spin echo with `t1SpinEcho`. */
  readonly mprage: MprageTiming | null;
  /** T1-weighted spin echo. */
  readonly t1SpinEcho: { readonly tr: number; readonly te: number };
  /** T2-weighted spin echo. */
  readonly t2: { readonly tr: number; readonly te: number };
  /** Proton-density-weighted spin echo. */
  readonly pd: { readonly tr: number; readonly te: number };
  /** Inversion recovery whose TI nulls CSF, give or take 3 %. */
  readonly flair: { readonly tr: number; readonly te: number; readonly ti: number };
  /** Time of flight; `inflow` is the share of fresh blood. */
  readonly mra: { readonly tr: number; readonly flipAngle: number; readonly inflow: number };
  /** Diffusion-weighted spin echo; b in ms/µm², 1 = 1000 s/mm². */
  readonly diffusion: { readonly tr: number; readonly te: number; readonly b: number };
  /** Contrast agent in blood and in enhancing tumour, mM. */
  readonly contrast: { readonly blood: number; readonly tumour: number };
  /** Relative deviations of T1 and T2 of each tissue from the table, shared by all modalities of the subject. */
  readonly deviation: Readonly<Record<Tissue, readonly [number, number]>>;
}

/** Draws an examination: field strength, sequence settings in their usual clinical ranges, tissue deviations of 3 %. */
export function drawProtocol(random: Random): Protocol {
  const field: FieldStrength = random.uniform() < 0.4 ? 1.5 : 3;
  const tr = random.between(7000, 10000);
  const csf = TISSUE_PROPERTIES.csf.t1[field];
  const mprage: MprageTiming = {
    tr: random.between(1900, 2500),
    ti: random.between(850, 1050),
    echoSpacing: random.between(6.5, 8),
    pulses: random.choose([144, 160, 176]),
    flipAngle: radians(random.between(8, 10)),
  };
  return {
    field,
    mprage: random.uniform() < 0.6 ? mprage : null,
    t1SpinEcho: { tr: random.between(450, 650), te: random.between(8, 15) },
    t2: { tr: random.between(3500, 6000), te: random.between(85, 110) },
    pd: { tr: random.between(5500, 8500), te: random.between(8, 20) },
    flair: { tr, te: random.between(90, 130), ti: nullingInversionTime(csf, { tr }) * random.between(0.97, 1.03) },
    mra: { tr: random.between(18, 26), flipAngle: radians(random.between(16, 22)), inflow: random.between(0.7, 0.9) },
    diffusion: { tr: random.between(5000, 9000), te: random.between(75, 95), b: 1 },
    contrast: { blood: random.between(0.5, 0.9), tumour: random.between(0.16, 0.32) },
    deviation: Object.fromEntries(
      TISSUES.map((tissue) => [tissue, [1 + 0.03 * random.normal(), 1 + 0.03 * random.normal()]]),
    ) as unknown as Protocol["deviation"],
  };
}

/** Signal of every tissue, in the order of `TISSUES`, for a modality other than `adc` (relative to water's M₀). */
export function tissueSignals(protocol: Protocol, modality: Exclude<Modality, "adc">): Float64Array {
  return Float64Array.from(TISSUES, (tissue) => signalOf(tissue, { protocol, modality }));
}

/** Signal of every tissue in the acquisition without diffusion weighting that an ADC map is computed from. */
export function unweightedDiffusionSignals(protocol: Protocol): Float64Array {
  return tissueSignals({ ...protocol, diffusion: { ...protocol.diffusion, b: 0 } }, "dwi");
}

function signalOf(tissue: Tissue, { protocol, modality }: {
  protocol: Protocol;
  modality: Exclude<Modality, "adc">;
}): number {
  const spins = spinsOf(tissue, protocol);
  const refocused = tissue === "blood" ? 1 - FLOW_VOID : 1;
  switch (modality) {
    case "t1":
      return t1Weighted(spins, { protocol, refocused });
    case "t1c":
      return t1Weighted({ ...spins, t1: t1AfterContrast(tissue, { protocol, t1: spins.t1 }) }, { protocol, refocused });
    case "t2":
      return refocused * spinEcho(spins, protocol.t2);
    case "pd":
      return refocused * spinEcho(spins, protocol.pd);
    case "flair":
      return refocused * inversionRecovery(spins, protocol.flair);
    case "mra":
      return timeOfFlight(spins, { ...protocol.mra, inflow: tissue === "blood" ? protocol.mra.inflow : 0 });
    case "dwi": {
      const { b } = protocol.diffusion;
      return refocused * spinEcho(spins, protocol.diffusion) * diffusionAttenuation(TISSUE_PROPERTIES[tissue].adc, b);
    }
  }
}

function spinsOf(tissue: Tissue, { field, deviation }: Protocol): Spins {
  const { t1, t2, pd } = TISSUE_PROPERTIES[tissue];
  // CSF is water: FLAIR's inversion time, tuned to it, works in everyone.
  if (tissue === "csf") return { t1: t1[field], t2, pd };
  return { t1: t1[field] * deviation[tissue][0], t2: t2 * deviation[tissue][1], pd };
}

/** A gradient echo needs no second pulse, so it knows no flow void. */
function t1Weighted(spins: Spins, { protocol, refocused }: { protocol: Protocol; refocused: number }): number {
  return protocol.mprage ? mprage(spins, protocol.mprage) : refocused * spinEcho(spins, protocol.t1SpinEcho);
}

function t1AfterContrast(tissue: Tissue, { protocol, t1 }: { protocol: Protocol; t1: number }): number {
  const { field, contrast } = protocol;
  if (tissue === "blood") return relaxationAfterContrast(t1, { millimolar: contrast.blood, field });
  if (tissue === "enhancing") return relaxationAfterContrast(t1, { millimolar: contrast.tumour, field });
  return t1;
}

function radians(degrees: number): number {
  return degrees * Math.PI / 180;
}
