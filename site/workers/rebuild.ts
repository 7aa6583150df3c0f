/** The worker behind the page on which scans are masked and rebuilt; what it is given never leaves it. */
import { modalityOfFile } from "../../lib/dataset/mod.ts";
import { messageOf } from "../../lib/errors.ts";
import { type BackendInfo, selectBackend } from "../../lib/tensor/mod.ts";
import { DEMO_MODEL } from "../data/demo_model.ts";
import { type Head, headOfScans, phantomHead, Rebuilder, type RebuildRequest, type Rebuilt } from "./_rebuilding.ts";

/** A file of the person, and what it shows where that was chosen. */
export interface ChosenScan {
  readonly file: File;
  /** Empty: what the file's name says. */
  readonly modality: string;
}

/** What the page asks for. */
export type WorkerRequest =
  | { readonly kind: "guess"; readonly names: readonly string[] }
  | {
    readonly kind: "open";
    /** Scans of one head; null = the phantom. */
    readonly scans: readonly ChosenScan[] | null;
    /** Address of the site. */
    readonly root: string;
    readonly backend: "simd" | "webgpu";
  }
  | { readonly kind: "rebuild" } & RebuildRequest;

/** What the worker answers. */
export type WorkerAnswer =
  | { readonly kind: "guessed"; readonly modalities: readonly string[] }
  | { readonly kind: "progress"; readonly text: string; readonly share: number }
  | {
    readonly kind: "opened";
    readonly name: string;
    readonly modalities: readonly string[];
    readonly synthetic: boolean;
    readonly backend: string;
  }
  | { readonly kind: "rebuilt"; readonly result: Rebuilt; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly message: string };

/** Bytes that tensors may take: far more than this network needs, and little enough for a phone. */
const HEAP_BYTES = 512 * 2 ** 20;

let backend: BackendInfo | undefined;
let rebuilder: Rebuilder | undefined;
let head: Head | undefined;

function answer(message: WorkerAnswer): void {
  self.postMessage(message);
}

function progress(text: string, share: number): void {
  answer({ kind: "progress", text, share });
}

self.addEventListener("message", ({ data }: MessageEvent<WorkerRequest>) => {
  serve(data).catch((error) => answer({ kind: "failed", message: messageOf(error) }));
});

async function serve(request: WorkerRequest): Promise<void> {
  if (request.kind === "guess") {
    answer({ kind: "guessed", modalities: request.names.map((name) => modalityOfFile(name) ?? "") });
  } else if (request.kind === "open") await open(request);
  else await rebuild(request);
}

async function open({ scans, root, backend: wanted }: Extract<WorkerRequest, { kind: "open" }>): Promise<void> {
  progress(scans === null ? "generating the phantom" : "reading the scans", 0.05);
  // Files first: what is wrong with them is said before anything is fetched or compiled.
  head = scans === null ? phantomHead(DEMO_MODEL) : await openScans(scans);
  progress("starting the kernels", 0.4);
  backend ??= await selectBackend(wanted, { threads: 1, heapBytes: HEAP_BYTES });
  rebuilder ??= await openRebuilder(root);
  const { name, sample: { modalities }, synthetic } = head;
  answer({ kind: "opened", name, modalities, synthetic, backend: backend.description });
}

async function openScans(scans: readonly ChosenScan[]): Promise<Head> {
  const read = scans.map(async ({ file, modality }) => {
    return { name: file.name, modality, bytes: new Uint8Array(await file.arrayBuffer()) };
  });
  return await headOfScans(await Promise.all(read), DEMO_MODEL);
}

async function openRebuilder(root: string): Promise<Rebuilder> {
  progress("loading the network", 0.6);
  const { files, modalities } = DEMO_MODEL;
  const weights = await download(files.weights, root);
  progress("loading the templates", 0.8);
  const templates = await Promise.all(
    modalities.map(async (name) => [name, await download(files.templates[name], root)]),
  );
  return await Rebuilder.open(DEMO_MODEL, { weights, templates: Object.fromEntries(templates) });
}

/** Gets a file of the site. */
async function download(path: string, root: string): Promise<Uint8Array> {
  const response = await fetch(new URL(path.slice(1), root));
  if (!response.ok) throw new Error(`Cannot load ${path}: expected a file of this site, got status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function rebuild(request: Extract<WorkerRequest, { kind: "rebuild" }>): Promise<void> {
  progress("rebuilding", 0.9);
  const started = performance.now();
  const result = await rebuilder!.rebuild(head!, request);
  answer({ kind: "rebuilt", result, milliseconds: performance.now() - started });
}
