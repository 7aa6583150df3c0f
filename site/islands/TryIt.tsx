/** Masks a head and rebuilds it in the browser: the reader's scans, or a phantom that the page makes. */
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { nameOfSequence, SEQUENCES } from "./_sequence_names.ts";
import { Choice } from "./_choice.tsx";
import { TrySession } from "./_try_session.ts";
import { TryResult } from "./_try_result.tsx";

/** Properties: how the network was trained. */
export interface TryItProps {
  /** Share of the blocks that was hidden in training. */
  readonly maskRatio: number;
  /** Seed of the run, whose validation masks are drawn at first. */
  readonly seed: number;
}

export default function TryIt({ maskRatio, seed }: TryItProps): VNode {
  const session = useMemo(() => new TrySession(), []);
  useEffect(() => () => session.cancel(), []);
  const head = session.head.value;
  return (
    <div class="try">
      <HeadChooser session={session} />
      <Status session={session} />
      {head !== null && <Masking key={head.name} session={session} maskRatio={maskRatio} seed={seed} />}
    </div>
  );
}

/** Files or the phantom. */
function HeadChooser({ session }: { session: TrySession }): VNode {
  const [backend, setBackend] = useState<"simd" | "webgpu">("simd");
  const [over, setOver] = useState(false);
  const [hasGpu, setHasGpu] = useState(false);
  useEffect(() => setHasGpu("gpu" in navigator), []);
  const scans = session.scans.value;
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    session.choose([...event.dataTransfer?.files ?? []]);
  };
  const isBusy = session.busy.value !== null;
  return (
    <div class="try-start">
      <button type="button" class="button primary" disabled={isBusy} onClick={() => session.open(null, backend)}>
        Try a synthetic head
      </button>
      <label
        class={`drop ${over ? "over" : ""}`}
        onDragOver={(event) => (event.preventDefault(), setOver(true))}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <span>
          <b>Or drop NIfTI files here</b>, sequences of one head without the skull, on one grid
        </span>
        <input
          type="file"
          multiple
          accept=".nii,.gz"
          disabled={isBusy}
          onChange={({ currentTarget }) => session.choose([...currentTarget.files ?? []])}
        />
      </label>
      {scans.length > 0 && (
        <div class="try-files">
          <ul>
            {scans.map(({ file, modality }, i) => (
              <li key={file.name}>
                <label>
                  <span>{file.name}</span>
                  <select value={modality} onChange={({ currentTarget }) => session.label(i, currentTarget.value)}>
                    <option value="">what is it?</option>
                    {SEQUENCES.map((name) => <option key={name} value={name}>{nameOfSequence(name)}</option>)}
                  </select>
                </label>
              </li>
            ))}
          </ul>
          <button
            type="button"
            class="button"
            disabled={isBusy || scans.some(({ modality }) => modality === "")}
            onClick={() => session.open(scans, backend)}
          >
            Prepare {scans.length === 1 ? "this scan" : `these ${scans.length} scans`}
          </button>
        </div>
      )}
      {hasGpu && (
        <Choice
          legend="Compute on"
          value={backend}
          options={{ simd: "CPU, WebAssembly", webgpu: "GPU, WebGPU" }}
          onChange={(next) => (session.cancel(), setBackend(next))}
        />
      )}
    </div>
  );
}

/** What is going on, and what went wrong. */
function Status({ session }: { session: TrySession }): VNode {
  const { busy, problem, head } = session;
  return (
    <div class="try-status">
      <p role="status" class={busy.value === null ? "hidden" : ""}>
        {busy.value === null ? head.value === null ? "" : "Ready" : `${busy.value.text} …`}
      </p>
      {busy.value !== null && (
        <>
          <progress aria-label="Progress" max="1" value={busy.value.share} />
          <button type="button" class="button" onClick={() => session.cancel()}>Cancel</button>
        </>
      )}
      {problem.value !== null && <p role="alert" class="problem">{problem.value}</p>}
    </div>
  );
}

/** What is hidden and what fills it; every change is rebuilt at once. */
function Masking({ session, maskRatio, seed: first }: TryItProps & { session: TrySession }): VNode {
  const { modalities, synthetic, backend } = session.head.value!;
  const [target, setTarget] = useState(modalities.includes("t1") ? "t1" : modalities[0]);
  const [fill, setFill] = useState(modalities.includes("t2") ? "t2" : "template");
  const [percent, setPercent] = useState(100 * maskRatio);
  const [seed, setSeed] = useState(first);
  // A sequence does not fill its own holes.
  const filling = fill === target ? "template" : fill;
  useEffect(() => session.rebuild({ target, fill: filling, maskRatio: percent / 100, seed }), [
    target,
    filling,
    percent,
    seed,
  ]);
  const named = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, nameOfSequence(name)]));
  const others = modalities.filter((name) => name !== target);
  return (
    <>
      {!synthetic && (
        <p class="problem out-of-domain" role="note">
          This network has seen synthetic phantoms only. Real scans are outside of what it knows: expect a poor
          reconstruction, and read nothing into it.
        </p>
      )}
      <form class="try-controls" onSubmit={(event) => event.preventDefault()}>
        <Choice legend="Rebuild" value={target} options={named(modalities)} onChange={setTarget} />
        <Choice
          legend="Fill hidden blocks from"
          value={filling}
          options={{ template: `template of ${nameOfSequence(target)}`, ...named(others) }}
          onChange={setFill}
        />
        <div class="field">
          <label for="try-ratio">
            Hidden blocks <output for="try-ratio">{percent} %</output>
          </label>
          <input
            id="try-ratio"
            type="range"
            min="10"
            max="90"
            step="5"
            value={percent}
            onInput={({ currentTarget }) => setPercent(Number(currentTarget.value))}
          />
        </div>
        <button type="button" class="button" onClick={() => setSeed(seed + 1)}>Hide other blocks</button>
      </form>
      {session.outcome.value !== null && <TryResult outcome={session.outcome.value} backend={backend} />}
    </>
  );
}
