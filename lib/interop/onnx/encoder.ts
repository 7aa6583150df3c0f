/** A pre-trained encoder as an ONNX file. */
import type { Triple } from "../../geometry.ts";
import type { ModelConfig } from "../../model/mod.ts";
import type { Safetensor } from "../lazy_tensor.ts";
import { unet3dNodes } from "./_unet3d.ts";
import { uniformerNodes } from "./_uniformer.ts";
import { type ModelText, OnnxGraph, type PortShape, type ValueName } from "./graph.ts";

/** How the file is written. */
export interface OnnxOptions {
  /** Voxels (x, y, z) of inputs; left out, they are free, like the batch. */
  readonly size?: Triple;
  /** Free text by key, kept in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What differs between the encoders, once their nodes are added. */
interface Stages {
  readonly values: readonly ValueName[];
  readonly channels: readonly number[];
  /** How often each stage has halved the resolution. */
  readonly halvings: readonly number[];
  /** Order of the spatial axes. */
  readonly axes: readonly Axis[];
}

type Axis = "x" | "y" | "z";
const XYZ: readonly Axis[] = ["x", "y", "z"];

/**
 * Writes an encoder as ONNX (operator set 17, float32), in evaluation: batch normalisation takes running statistics.
 *
 * Shapes, in the official order: input `volume` `[N, C, x, y, z]`, sizes divisible by 16 (UniFormer) or 8 (UNET3D) →
 * outputs `stage1` to `stage4`, as the official encoders give them: UniFormer `[N, C, z, x, y]` at 1/2, 1/4, 1/8, 1/16 of
 * the resolution, UNET3D `[N, C, x, y, z]` at 1/2, 1/4, 1/8, 1/8. Only the batch is free when a size is given.
 *
 * @param config a preset of `MODEL_PRESETS`, or sizes of one's own
 * @param weights a state dict under official names, in the official memory order; what is not the encoder's is ignored
 * @returns the file in pieces, to be written one after another; weights are views, not copies
 * @throws {CheckpointError} when a weight is missing or is not F32
 * @throws {RangeError} when a size is not divisible as said above
 */
export function encodeOnnxEncoder(
  config: ModelConfig,
  weights: ReadonlyMap<string, Safetensor>,
  { size, metadata = {} }: OnnxOptions = {},
): Uint8Array[] {
  const divisor = config.backbone === "uniformer" ? 16 : 8;
  if (size?.some((voxels) => !(voxels > 0 && voxels % divisor === 0))) {
    throw new RangeError(`Cannot write ONNX: expected sizes divisible by ${divisor}, got ${size.join(" × ")}`);
  }
  const graph = new OnnxGraph();
  const volume = graph.input(port("volume", { channels: config.inChannels, halvings: 0, axes: XYZ, size }));
  const { values, channels, halvings, axes } = addEncoder({ graph, weights }, volume, config);
  values.forEach((value, i) => {
    graph.output(value, port(`stage${i + 1}`, { channels: channels[i], halvings: halvings[i], axes, size }));
  });
  return graph.encode(describe(config, { axes, divisor, metadata }));
}

function addEncoder(
  scope: { graph: OnnxGraph; weights: ReadonlyMap<string, Safetensor> },
  volume: ValueName,
  config: ModelConfig,
): Stages {
  if (config.backbone === "uniformer") {
    const values = uniformerNodes(scope, volume, config);
    return { values, channels: config.embedDims, halvings: [1, 2, 3, 4], axes: ["z", "x", "y"] };
  }
  const channels = [2, 4, 8, 8].map((multiple) => multiple * config.initChannels);
  return { values: unet3dNodes(scope, volume), channels, halvings: [1, 2, 3, 3], axes: XYZ };
}

/** `[N, C, …]` with free or fixed spatial axes. */
function port(
  name: string,
  { channels, halvings, axes, size }: { channels: number; halvings: number; axes: readonly Axis[]; size?: Triple },
): PortShape {
  const scale = 2 ** halvings;
  const spatial = axes.map((axis) => size ? size[XYZ.indexOf(axis)] / scale : scale === 1 ? axis : `${axis}/${scale}`);
  return { name, axes: ["N", channels, ...spatial] };
}

function describe(
  { backbone }: ModelConfig,
  { axes, divisor, metadata }: { axes: readonly Axis[]; divisor: number; metadata: ModelText["metadata"] },
): ModelText {
  const description = `Encoder ${backbone}: volume [N, C, x, y, z] in RAS+, values in [0, 1], sizes divisible by ` +
    `${divisor} -> stage1 to stage4 [N, C, ${axes.join(", ")}], highest resolution first.`;
  return { name: backbone, description, metadata };
}
