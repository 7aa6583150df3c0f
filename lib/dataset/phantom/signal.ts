/** Signal equations: what a pulse sequence makes of T1, T2, proton density and diffusion. */

/** Relaxation and density of one tissue. Times in ms. */
export interface Spins {
  readonly t1: number;
  readonly t2: number;
  readonly pd: number;
}

/**
 * Spin echo: S = PD · (1 − e^(−TR/T1)) · e^(−TE/T2).
 *
 * @see Bernstein, King & Zhou, Handbook of MRI Pulse Sequences (2004), §14.3
 */
export function spinEcho({ t1, t2, pd }: Spins, { tr, te }: { tr: number; te: number }): number {
  return pd * (1 - Math.exp(-tr / t1)) * Math.exp(-te / t2);
}

/**
 * Inversion-recovery spin echo, magnitude: S = PD · |1 − 2e^(−TI/T1) + e^(−TR/T1)| · e^(−TE/T2).
 *
 * FLAIR chooses TI so that the bracket vanishes for CSF.
 *
 * @see Hajnal et al., J Comput Assist Tomogr 16:841 (1992)
 */
export function inversionRecovery(
  { t1, t2, pd }: Spins,
  { tr, te, ti }: { tr: number; te: number; ti: number },
): number {
  return pd * Math.abs(1 - 2 * Math.exp(-ti / t1) + Math.exp(-tr / t1)) * Math.exp(-te / t2);
}

/** The inversion time (ms) at which {@link inversionRecovery} nulls tissue of the given T1 (ms). */
export function nullingInversionTime(t1: number, { tr }: { tr: number }): number {
  return t1 * (Math.LN2 - Math.log1p(Math.exp(-tr / t1)));
}

/** Timing of an MPRAGE sequence, ms and radians. */
export interface MprageTiming {
  /** From inversion to inversion. */
  readonly tr: number;
  /** From inversion to the middle of the readout train, where the centre of k-space is acquired. */
  readonly ti: number;
  /** Between the pulses of the train. */
  readonly echoSpacing: number;
  /** Pulses in the train. */
  readonly pulses: number;
  /** Of every pulse of the train. */
  readonly flipAngle: number;
}

/**
 * MPRAGE: steady-state signal at the centre of k-space, magnitude; T2* decay is left out, TE being a few ms.
 *
 * During the train of small flip angles α the magnetisation relaxes with T1* = 1/(1/T1 − ln(cos α)/τ) towards
 * M* = (1 − e^(−τ/T1)) / (1 − e^(−τ/T1*)); before and after it with T1 towards 1. Each stretch is an affine map of the
 * magnetisation, so the steady state of the cycle is the fixed point of their composition.
 *
 * @see Deichmann et al., NeuroImage 12:112 (2000)
 */
export function mprage({ t1, pd }: Spins, { tr, ti, echoSpacing, pulses, flipAngle }: MprageTiming): number {
  const train = pulses * echoSpacing;
  const drivenT1 = 1 / (1 / t1 - Math.log(Math.cos(flipAngle)) / echoSpacing);
  const drivenEquilibrium = (1 - Math.exp(-echoSpacing / t1)) / (1 - Math.exp(-echoSpacing / drivenT1));
  const before = Math.exp(-(ti - train / 2) / t1), after = Math.exp(-(tr - ti - train / 2) / t1);
  const halfTrain = Math.exp(-train / 2 / drivenT1);
  // Magnetisation M at the inversion → start of train → centre → end → next inversion, as offset + factor·M.
  const start = { offset: 1 - before, factor: -before };
  const centre = {
    offset: drivenEquilibrium * (1 - halfTrain) + halfTrain * start.offset,
    factor: halfTrain * start.factor,
  };
  const end = {
    offset: drivenEquilibrium * (1 - halfTrain) + halfTrain * centre.offset,
    factor: halfTrain * centre.factor,
  };
  const steady = (1 - after + after * end.offset) / (1 - after * end.factor);
  return pd * Math.sin(flipAngle) * Math.abs(centre.offset + centre.factor * steady);
}

/**
 * Spoiled gradient echo (Ernst): S = PD · sin α · (1 − E₁) / (1 − E₁·cos α), E₁ = e^(−TR/T1).
 *
 * With the short TR of time-of-flight angiography, stationary tissue is saturated.
 */
export function spoiledGradientEcho({ t1, pd }: Spins, { tr, flipAngle }: { tr: number; flipAngle: number }): number {
  const e1 = Math.exp(-tr / t1);
  return pd * Math.sin(flipAngle) * (1 - e1) / (1 - e1 * Math.cos(flipAngle));
}

/**
 * Time of flight: a spoiled gradient echo in which the share `inflow` of the spins is fresh, i.e. has met no pulse yet
 * and gives PD · sin α.
 *
 * @see Bernstein, King & Zhou, Handbook of MRI Pulse Sequences (2004), §15.3
 */
export function timeOfFlight(
  spins: Spins,
  { tr, flipAngle, inflow }: { tr: number; flipAngle: number; inflow: number },
): number {
  const fresh = spins.pd * Math.sin(flipAngle);
  return inflow * fresh + (1 - inflow) * spoiledGradientEcho(spins, { tr, flipAngle });
}

/** Share of the signal that diffusion weighting leaves: e^(−b·ADC), b in ms/µm² (1000 s/mm² = 1), ADC in µm²/ms. */
export function diffusionAttenuation(adc: number, b: number): number {
  return Math.exp(-b * adc);
}
