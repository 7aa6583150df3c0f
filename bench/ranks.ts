/**
 * Times what ranks exchange: the all-reduce by size, and a training step with its gradients sent after the backward pass and
 * beside it.
 *
 * mpirun -n 2 --bind-to none deno run -P=pretrain-mpi --v8-flags=… bench/ranks.ts [crop edge, a multiple of 16; 0 = no step]
 */
import { SINGLE_RANK } from "../lib/communicator.ts";
import { detectLaunch, MpiCommunicator, planThreads, readProcessors } from "../lib/host/mod.ts";
import { selectBackend, tf } from "../lib/tensor/mod.ts";
import { GradientReducer } from "../lib/trainer/gradient_reducer.ts";
import { batchGradients } from "../lib/trainer/step.ts";
import type { StepParts } from "../lib/trainer/step.ts";
import { officialParts } from "./scaling.ts";
import { summarise } from "./timing.ts";

const launch = detectLaunch((name) => Deno.env.get(name));
if (!launch) throw new Error("Cannot time ranks: expected mpirun or srun to have started them, got a rank of its own");
const communicator = MpiCommunicator.open({ launch });
const { rank, size, local } = communicator;
const edge = Number(Deno.args[0] ?? 48);
const REPEATS = 7;

function print(line: string): void {
  if (rank === 0) console.log(line);
}

/** Median milliseconds of one of several calls in a row, all ranks starting together. */
function time(call: () => void, calls: number): number {
  call();
  const times = Array.from({ length: REPEATS }, () => {
    communicator.allReduceSum(new Float64Array(1));
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    return (performance.now() - start) / calls;
  });
  return summarise(times).ms;
}

/** T(n) = latency + n/bandwidth through the smallest and the largest. */
function timeAllReduce(): void {
  print(`\nall-reduce of float32, ${size} ranks (${local.size} on this machine), ${communicator.version}`);
  print("     bytes   waited, µs   started, µs   GB/s");
  const points: { bytes: number; ms: number }[] = [];
  for (let exponent = 3; exponent <= 26; exponent += exponent < 21 ? 3 : 1) {
    const bytes = 2 ** exponent;
    const values = new Float32Array(bytes / 4);
    const calls = Math.max(1, Math.min(200, Math.floor(2 ** 21 / bytes)));
    const ms = time(() => communicator.allReduceSum(values), calls);
    const started = time(() => communicator.startAllReduceSum(values).finish(), calls);
    points.push({ bytes, ms });
    const columns = [
      String(bytes).padStart(10),
      (1000 * ms).toFixed(1).padStart(11),
      (1000 * started).toFixed(1).padStart(12),
    ];
    print(`${columns.join("  ")}  ${(bytes / ms / 1e6).toFixed(2).padStart(5)}`);
  }
  const [first, last] = [points[0], points[points.length - 1]];
  const slope = (last.ms - first.ms) / (last.bytes - first.bytes);
  print(
    `latency ${(1000 * first.ms).toFixed(1)} µs, bandwidth ${
      (1e-6 / slope).toFixed(2)
    } GB/s; the line between them predicts`,
  );
  for (const { bytes, ms } of points.filter(({ bytes }) => bytes === 2 ** 15 || bytes === 2 ** 22)) {
    print(
      `  ${bytes} bytes: ${(1000 * (first.ms + slope * (bytes - first.bytes))).toFixed(0)} µs; measured ${
        (1000 * ms).toFixed(0)
      }`,
    );
  }
}

/** A step of one crop per rank: alone, with its gradients sent after it, and beside it. */
async function timeStep(): Promise<void> {
  const { threads } = planThreads({ ...readProcessors(), localSize: local.size });
  await selectBackend("simd", { threads });
  const { model, templates, sample, recipe } = officialParts("uniformer", edge);
  const parameters = model.parameters.filter(({ trainable }) => trainable);
  const parts: StepParts = { model, templates, parameters };
  const reducer = new GradientReducer(parameters, { communicator });
  const step = async (kind: "alone" | "after" | "beside"): Promise<void> => {
    const { gradients } = await batchGradients([sample], {
      ...parts,
      communicator: kind === "alone" ? SINGLE_RANK : communicator,
    }, {
      method: recipe.method,
      place: { seed: 1, epoch: 1000, index: 0 },
      whole: kind === "alone" ? undefined : { first: rank, count: size },
      contrastive: true,
      onGradient: kind !== "beside" ? undefined : (name, values) => {
        reducer.add(name, values);
        reducer.progress();
      },
    });
    if (kind !== "alone") await reducer.finish(gradients);
    tf.dispose([...gradients.values()]);
  };
  print(
    `\nstep of UniFormer-small, a ${edge}³ crop per rank, ${threads} threads each; model's gradients, without templates'`,
  );
  const kinds = ["alone", "after", "beside"] as const;
  const times = kinds.map((): number[] => []);
  // In turn, so that whatever else the machine does meets all of them.
  for (let i = 0; i <= REPEATS; i++) {
    for (const [k, kind] of kinds.entries()) {
      communicator.allReduceSum(new Float64Array(1));
      const start = performance.now();
      await step(kind);
      if (i > 0) times[k].push(performance.now() - start);
    }
  }
  kinds.forEach((kind, k) => {
    const range = `${Math.min(...times[k]).toFixed(0)} to ${Math.max(...times[k]).toFixed(0)}`;
    print(`${kind.padEnd(8)}${summarise(times[k]).ms.toFixed(0).padStart(8)} ms   (${range})`);
  });
}

timeAllReduce();
if (edge > 0) await timeStep();
await communicator.close();
