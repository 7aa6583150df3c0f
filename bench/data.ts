/**
 * `deno task bench:data`: one subject from its scans beside MONAI, and crops per second from a prepared folder.
 *
 * Every number is of this run; rounds of both sides alternate, so that a busy machine slows both.
 */
import process from "node:process";
import { Command } from "commander";
import {
  DEFAULT_PREPROCESS,
  discoverSubjects,
  encodeSubject,
  loadSubject,
  makePlan,
  type SamplePlan,
  STORAGE_TYPES,
  type StorageType,
  type Subject,
} from "../lib/dataset/mod.ts";

import { formatShape, messageOf } from "../lib/errors.ts";
import {
  gunzip,
  listNiftiFiles,
  openSampleSource,
  PreparedFolder,
  prepareSubjects,
  readFile,
  remove,
  zstdCompress,
} from "../lib/host/mod.ts";
import { gridOf } from "../tasks/_run_data.ts";
import { describeMachine } from "./machine.ts";
import { MonaiLoader } from "./monai.ts";

interface Arguments {
  readonly data: string;
  readonly rounds: number;
  readonly crops: number;
  readonly python: string;
}

/** Wall-clock and processor seconds. */
interface Cost {
  readonly seconds: number;
  readonly cpu: number;
}

/** The official step: one crop per step and process; measured by `deno task bench --step uniformer`. */
const CROP = 96;
const SEQUENCES = 4;

async function main(args: readonly string[]): Promise<void> {
  const { data, rounds, crops, python } = parseArguments(args);
  const { datalist } = await discoverSubjects(await listNiftiFiles(data), { root: data, readGrid: gridOf });
  const subject = datalist.training.find(({ images }) => images.length === SEQUENCES) ?? datalist.training[0];
  const { cpu, cores, os, deno } = describeMachine();
  console.log(`machine   ${cpu}, ${cores} cores, ${os}, Deno ${deno}`);
  console.log(`subject   ${subject.id}: ${subject.images.map(({ modality }) => modality).join(" ")}`);
  await comparePreparing(subject, { root: data, rounds, python });
  await measureEncoding(subject, data);
  for (const storage of STORAGE_TYPES) await measureCrops(datalist.training, { root: data, storage, crops });
}

function parseArguments(args: readonly string[]): Arguments {
  const whole = (text: string): number => Math.max(1, Math.trunc(Number(text)));
  const command = new Command("bench:data")
    .description("Times preprocessing of one subject beside MONAI, and crops per second from a prepared folder.")
    .requiredOption("--data <folder>", "folder of scans; the first subject with four sequences is timed")
    .option("--rounds <n>", "times that each side prepares the subject", whole, 9)
    .option("--crops <n>", "crops that are read per measurement", whole, 60)
    .option("--python <program>", "a Python that can import monai and nibabel", "python3");
  command.parse([...args], { from: "user" });
  return command.opts<Arguments>();
}

async function comparePreparing(
  subject: Subject,
  { root, rounds, python }: { root: string; rounds: number; python: string },
): Promise<void> {
  const files = subject.images.map(({ file }) => `${root}/${file}`);
  const ours: Cost[] = [];
  const theirs: Cost[] = [];
  await using monai = await MonaiLoader.open(python, files).catch((error) => {
    console.log(`MONAI     left out: ${messageOf(error)}`);
    return undefined;
  });
  let shape = "";
  for (let round = 0; round < rounds; round++) {
    ours.push(
      await costOf(async () => {
        const stack = await loadSubject(subject, { root, preprocess: DEFAULT_PREPROCESS, readFile, gunzip });
        shape = formatShape([stack.channels.length, ...stack.size]);
      }),
    );
    if (monai) theirs.push(await monai.prepare());
  }
  console.log(`ours      ${describe(ours)}, ${shape}`);
  if (!monai) return;
  console.log(`MONAI     ${describe(theirs)}, version ${monai.version}`);
  const ratio = (pick: (cost: Cost) => number): string => (median(ours, pick) / median(theirs, pick)).toFixed(3);
  console.log(
    `ratio     ${ratio(({ cpu }) => cpu)} of MONAI's processor time, ${ratio(({ seconds }) => seconds)} of wall-clock`,
  );
}

async function measureEncoding(subject: Subject, root: string): Promise<void> {
  const stack = await loadSubject(subject, { root, preprocess: DEFAULT_PREPROCESS, readFile, gunzip });
  for (const storage of STORAGE_TYPES) {
    let bytes = 0;
    const costs: Cost[] = [];
    for (let round = 0; round < 3; round++) {
      costs.push(
        await costOf(() => {
          const { files } = encodeSubject(stack, { id: subject.id, sources: [], storage, compress: zstdCompress });
          bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
          return Promise.resolve();
        }),
      );
    }
    console.log(`encode    ${storage.padEnd(8)} ${(bytes / 1e6).toFixed(1)} MB, ${describe(costs)}`);
  }
}

async function measureCrops(
  subjects: readonly Subject[],
  { root, storage, crops }: { root: string; storage: StorageType; crops: number },
): Promise<void> {
  const { spacingMm, ...percentiles } = DEFAULT_PREPROCESS;
  const preprocess = { ...percentiles, spacingMm: spacingMm && [...spacingMm] as [number, number, number] };
  const parameters = { purpose: "pretrain", preprocess, storage } as const;
  const out = `runs/bench-data-${crypto.randomUUID()}`;
  try {
    const folder = new PreparedFolder(out);
    const plan = makePlan({ training: subjects, validation: [] }, parameters);
    await folder.begin(plan);
    await prepareSubjects(plan.training, {
      job: { root, out, parameters, tag: "0of1" },
      workers: 1,
      onDone: () => {},
      interrupted: () => false,
    });
    for (const workers of [0, 1, navigator.hardwareConcurrency]) {
      const sample: SamplePlan = {
        root: out,
        prepared: true,
        subjects: plan.training,
        preprocess,
        seed: 0,
        crop: "random",
        cropSize: [CROP, CROP, CROP],
        templateSize: [240, 240, 155],
        sequences: SEQUENCES,
        shuffleOrder: true,
      };
      const { seconds, cpu } = await costOfCrops(sample, { workers, crops });
      const megabytes = crops * SEQUENCES * CROP ** 3 * 4 / 1e6;
      console.log(
        `crops     ${storage.padEnd(8)} ${workers} threads: ${(crops / seconds).toFixed(1)} crops/s, ` +
          `${(megabytes / seconds).toFixed(0)} MB/s, feeds steps of one crop from ${
            (1000 * seconds / crops).toFixed(0)
          } ms on ` +
          `(${(1000 * cpu / crops).toFixed(0)} ms of processor)`,
      );
    }
  } finally {
    await remove(out);
  }
}

/** Several crops under way at once, as a training's prefetching has them. */
async function costOfCrops(plan: SamplePlan, { workers, crops }: { workers: number; crops: number }): Promise<Cost> {
  const source = openSampleSource(plan, { workers, cacheBytes: 0 });
  try {
    const count = plan.subjects.length;
    // Threads start and compile with the first ones.
    for (let subject = 0; subject < count; subject++) await source.load({ epoch: 0, subject });
    return await costOf(async () => {
      let next = 0;
      await Promise.all(Array.from({ length: 2 * Math.max(1, workers) }, async () => {
        while (next < crops) {
          const i = next++;
          await source.load({ epoch: 1 + Math.floor(i / count), subject: i % count });
        }
      }));
    });
  } finally {
    source.close();
  }
}

async function costOf(task: () => Promise<void>): Promise<Cost> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await task();
  const { user, system } = process.cpuUsage(used);
  return { seconds: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

function describe(costs: readonly Cost[]): string {
  const of = (pick: (cost: Cost) => number): string => `${median(costs, pick).toFixed(3)} s`;
  return `median of ${costs.length}: ${of(({ seconds }) => seconds)}, ${of(({ cpu }) => cpu)} of processor`;
}

function median(costs: readonly Cost[], pick: (cost: Cost) => number): number {
  const sorted = costs.map(pick).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

if (import.meta.main) await main(Deno.args);
