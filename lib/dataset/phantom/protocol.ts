/** One scanner and its settings: from tissue properties to the signal of every tissue in one modality. */
import type { Random } from "../../random.ts";
import type { Modality } from "../modality.ts";
import {
  diffusionAttenuation,
  inversionRecovery,
  nullingInversionTime,
  spinEcho,
  type Spins,
  timeOfFlight,
} from "./signal.ts";
import { drawT1Sequence, radians, type T1Sequence, t1Signal } from "./t1_sequence.ts";
import { type FieldStrength, relaxationAfterContrast, type Tissue, TISSUE_PROPERTIES, TISSUES } from "./tissues.ts";

/** Share of moving blood that gives a spin echo no signal, having left the slice between its pulses (flow void). */
const FLOW_VOID: Partial<Record<Tissue, number>> = { blood: 0.85, veins: 0.5 };

/** Share of fresh spins in veins: a saturation band above the slab has removed most of what flows down into it. */
const VENOUS_INFLOW = 0.05;

/** Share of examinations that repeat the T1-weighted sequence after contrast agent instead of using another one. */
const REPEATED_T1 = 0.4;

/** Tissues without a blood–brain barrier: contrast agent leaks into them. */
const WITHOUT_BARRIER: ReadonlySet<Tissue> = new Set(["enhancing", "choroidPlexus", "dura"]);

/** Settings of one subject's examination; times in ms, angles in radians. */
export interface Protocol {
  /** Tesla. */
  readonly field: FieldStrength;
  /** T1-weighted sequence before contrast agent. */
  readonly t1: T1Sequence;
  /** T1-weighted sequence after contrast agent. */
  readonly t1c: T1Sequence;
  /** T2-weighted spin echo. */
  readonly t2: { readonly tr: number; readonly te: number };
  /** Proton-density-weighted spin echo. */
  readonly pd: { readonly tr: number; readonly te: number };
  /** Inversion recovery whose TI nulls CSF, give or take 3 %. */
  readonly flair: { readonly tr: number; readonly te: number; readonly ti: number };
  /** Time of flight; `inflow` is the share of fresh arterial blood. */
  readonly mra: { readonly tr: number; readonly flipAngle: number; readonly inflow: number };
  /** Diffusion-weighted spin echo; b in ms/µm², 1 = 1000 s/mm². */
  readonly diffusion: { readonly tr: number; readonly te: number; readonly b: number };
  /** Contrast agent in blood and in tissue without a blood–brain barrier, mM. */
  readonly contrast: { readonly blood: number; readonly leaked: number };
  /** Relative deviations of T1 and T2 of each tissue from the table, shared by all modalities of the subject. */
  readonly deviation: Readonly<Record<Tissue, readonly [number, number]>>;
}

/** Draws an examination: field strength, sequence settings in their usual clinical ranges, tissue deviations of 3 %. */
export function drawProtocol(random: Random): Protocol {
  const field: FieldStrength = random.uniform() < 0.4 ? 1.5 : 3;
  const tr = random.between(7000, 10000);
  const csf = TISSUE_PROPERTIES.csf.t1[field];
  const t1 = drawT1Sequence(random, field), other = drawT1Sequence(random, field);
  return {
    field,
    t1,
    t1c: random.uniform() < REPEATED_T1 ? t1 : other,
    t2: { tr: random.between(3000, 5500), te: random.between(80, 105) },
    pd: { tr: random.between(5500, 8500), te: random.between(8, 20) },
    flair: { tr, te: random.between(85, 140), ti: nullingInversionTime(csf, { tr }) * random.between(0.97, 1.03) },
    mra: { tr: random.between(20, 32), flipAngle: radians(random.between(14, 20)), inflow: random.between(0.7, 0.9) },
    diffusion: { tr: random.between(5000, 9000), te: random.between(75, 100), b: 1 },
    contrast: { blood: random.between(0.4, 0.8), leaked: random.between(0.16, 0.32) },
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
  const { field } = modality === "t1" || modality === "t1c" ? protocol[modality] : protocol;
  const spins = spinsOf(tissue, { field, deviation: protocol.deviation });
  const refocused = 1 - (FLOW_VOID[tissue] ?? 0);
  switch (modality) {
    case "t1":
      return t1Signal(spins, { sequence: protocol.t1, refocused });
    case "t1c":
      return enhancedSignal(tissue, { protocol, spins, refocused });
    case "t2":
      return refocused * spinEcho(spins, protocol.t2);
    case "pd":
      return refocused * spinEcho(spins, protocol.pd);
    case "flair":
      return refocused * inversionRecovery(spins, protocol.flair);
    case "mra": {
      const inflow = tissue === "blood" ? protocol.mra.inflow : tissue === "veins" ? VENOUS_INFLOW : 0;
      return (1 - TISSUE_PROPERTIES[tissue].mtr) * timeOfFlight(spins, { ...protocol.mra, inflow });
    }
    case "dwi": {
      const { b } = protocol.diffusion;
      return refocused * spinEcho(spins, protocol.diffusion) * diffusionAttenuation(TISSUE_PROPERTIES[tissue].adc, b);
    }
  }
}

function spinsOf(tissue: Tissue, { field, deviation }: Pick<Protocol, "field" | "deviation">): Spins {
  const { t1, t2, pd } = TISSUE_PROPERTIES[tissue];
  // CSF is water: FLAIR's inversion time, tuned to it, works in everyone.
  if (tissue === "csf") return { t1: t1[field], t2, pd };
  return { t1: t1[field] * deviation[tissue][0], t2: t2 * deviation[tissue][1], pd };
}

/** After contrast agent: it fills the vessels, large and small, and leaks where no barrier holds it back. */
function enhancedSignal(tissue: Tissue, { protocol, spins, refocused }: {
  protocol: Protocol;
  spins: Spins;
  refocused: number;
}): number {
  const { t1c: sequence, contrast, deviation } = protocol, { field } = sequence;
  const reached = (t1: number, millimolar: number): number => relaxationAfterContrast(t1, { millimolar, field });
  if (tissue === "blood" || tissue === "veins") {
    return t1Signal({ ...spins, t1: reached(spins.t1, contrast.blood) }, { sequence, refocused });
  }
  const leaky = WITHOUT_BARRIER.has(tissue);
  const outside = leaky ? { ...spins, t1: reached(spins.t1, contrast.leaked) } : spins;
  const blood = spinsOf("veins", { field, deviation });
  const inside = { ...blood, t1: reached(blood.t1, contrast.blood) };
  // Water leaves the capillaries too slowly to let all of the tissue feel the agent: the two signals add up.
  const { bloodVolume } = TISSUE_PROPERTIES[tissue];
  return (1 - bloodVolume) * t1Signal(outside, { sequence, refocused: 1 }) +
    bloodVolume * t1Signal(inside, { sequence, refocused: 1 });
}
