/** The learned templates of a run over its epochs, beside a head; on demand in NiiVue. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Volume } from "../../lib/geometry.ts";
import type { DemoPhantom } from "../data/demo_model.ts";
import type { TemplateRun } from "../data/template_runs.ts";
import { Choice } from "./_choice.tsx";
import type { OpenViews, View } from "./_niivue.ts";
import { nameOfSequence } from "./_sequence_names.ts";
import { paintSlice, type PlaneName, PLANES } from "./_slices.ts";

/** Properties: at least one run, and the phantom to show beside templates of phantoms. */
export interface TemplateViewerProps {
  readonly runs: readonly TemplateRun[];
  readonly phantom: DemoPhantom;
}

/** What is shown at the moment. */
interface Shown {
  readonly template: Volume;
  /** Null where the run's subjects are real ones: a site holds no scans. */
  readonly subject: Volume | null;
}

const FRAME_MS = 700;

export default function TemplateViewer({ runs, phantom }: TemplateViewerProps): VNode {
  const [runIndex, setRunIndex] = useState(0);
  const run = runs[runIndex];
  const [wanted, setModality] = useState(run.modalities.includes("t1c") ? "t1c" : run.modalities[0]);
  const modality = run.modalities.includes(wanted) ? wanted : run.modalities[0];
  const last = run.frames.length - 1;
  const [frameIndex, setFrame] = useState(last);
  const index = Math.min(frameIndex, last);
  const frame = run.frames[index];
  const [playing, setPlaying] = useState(false);
  const { shown, problem } = useVolumes({ run, modality, index, phantom });
  useEffect(() => {
    if (!playing || shown === null) return;
    const timer = setTimeout(() => index === last ? setPlaying(false) : setFrame(index + 1), FRAME_MS);
    return () => clearTimeout(timer);
  }, [playing, shown, index]);
  const play = (): void => {
    if (!playing && index === last) setFrame(0);
    setPlaying(!playing);
  };
  return (
    <div class="templates">
      <form class="template-controls" onSubmit={(event) => event.preventDefault()}>
        {runs.length > 1 && (
          <div class="field">
            <label for="template-run">Run</label>
            <select
              id="template-run"
              value={runIndex}
              onChange={({ currentTarget }) => setRunIndex(Number(currentTarget.value))}
            >
              {runs.map(({ name, recipe }, i) => <option key={name} value={i}>{name} ({recipe})</option>)}
            </select>
          </div>
        )}
        <Choice
          legend="Template of"
          value={modality}
          options={Object.fromEntries(run.modalities.map((name) => [name, nameOfSequence(name)]))}
          onChange={setModality}
        />
        <div class="template-play wide">
          <div class="field">
            <label for="template-epoch">
              Epoch <output for="template-epoch">{frame.epoch}</output>
            </label>
            <input
              id="template-epoch"
              type="range"
              min="0"
              max={last}
              value={index}
              aria-valuetext={`epoch ${frame.epoch}, ${frame.step} updates`}
              onInput={({ currentTarget }) => (setPlaying(false), setFrame(Number(currentTarget.value)))}
            />
          </div>
          <button type="button" class="button" onClick={play} disabled={last === 0}>
            {playing ? "Pause" : "Play"}
          </button>
        </div>
      </form>
      {problem !== null && <p role="alert" class="problem">{problem}</p>}
      <div class="template-rows">
        <Row
          title={`Template of ${nameOfSequence(modality)} after ${frame.epoch} epochs (${frame.step} updates)`}
          volume={shown?.template ?? null}
          about="normalised to black 0, white 1"
        />
        {run.synthetic
          ? (
            <Row
              title={`A held-out phantom, ${nameOfSequence(modality)}`}
              volume={shown?.subject ?? null}
              about={`${phantom.id}, generated on this page`}
            />
          )
          : <p class="empty">The subjects of this run are people; their scans are not part of a site.</p>}
      </div>
      <NiivuePair shown={shown} name={modality} />
    </div>
  );
}

/** Loads what is to be shown; the last one wins. */
function useVolumes(
  { run, modality, index, phantom }: { run: TemplateRun; modality: string; index: number; phantom: DemoPhantom },
): { shown: Shown | null; problem: string | null } {
  const [shown, setShown] = useState<Shown | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const known = useRef(new Map<string, Volume>());
  useEffect(() => {
    let isWanted = true;
    const path = run.frames[index].files[modality];
    loadShown(known.current, { path, phantom: run.synthetic ? phantom : null, modality }).then(
      (volumes) => isWanted && (setProblem(null), setShown(volumes)),
      (error) => isWanted && setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      isWanted = false;
    };
  }, [run, modality, index]);
  return { shown, problem };
}

async function loadShown(
  known: Map<string, Volume>,
  { path, phantom, modality }: { path: string; phantom: DemoPhantom | null; modality: string },
): Promise<Shown> {
  const { loadVolume, phantomVolume } = await import("./_volumes.ts");
  const once = async (key: string, make: () => Volume | Promise<Volume>): Promise<Volume> => {
    const volume = known.get(key) ?? await make();
    known.set(key, volume);
    return volume;
  };
  return {
    template: await once(path, () => loadVolume(path)),
    subject: phantom && await once(`phantom ${modality}`, () => phantomVolume(phantom, modality)),
  };
}

/** The middle slices of a volume in all planes. */
function Row({ title, volume, about }: { title: string; volume: Volume | null; about: string }): VNode {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (volume === null) return;
    for (const canvas of box.current!.querySelectorAll("canvas")) {
      const plane = canvas.dataset.plane as PlaneName;
      const middle = Math.floor(volume.size[PLANES[plane].depth] / 2);
      paintSlice(canvas, volume, { plane, index: middle, window: [0, 1] });
    }
  }, [volume]);
  return (
    <figure>
      <h2>{title}</h2>
      <div class="planes" ref={box}>
        {Object.keys(PLANES).map((plane) => (
          <canvas key={plane} data-plane={plane} role="img" aria-label={`${title}: middle ${plane} slice`} />
        ))}
      </div>
      <figcaption>{about}. The right of the head is on the left of the picture.</figcaption>
    </figure>
  );
}

/** Template and subject in NiiVue, which is loaded when it is wanted. */
function NiivuePair({ shown, name }: { shown: Shown | null; name: string }): VNode {
  const [wanted, setWanted] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const views = useRef<{ open: OpenViews; count: number } | null>(null);
  const queue = useRef<Promise<void>>(Promise.resolve());
  useEffect(() => {
    if (!wanted || shown === null) return;
    queue.current = queue.current.then(async () => {
      views.current = await showPair(box.current!, { shown, name, views: views.current });
    }).catch((error) => setProblem(error instanceof Error ? error.message : String(error)));
  }, [wanted, shown]);
  useEffect(() => () => views.current?.open.close(), []);
  if (!wanted) {
    return (
      <button type="button" class="button" onClick={() => setWanted(true)}>
        Look around in NiiVue
      </button>
    );
  }
  return (
    <>
      {problem !== null && <p role="alert" class="problem">{problem}</p>}
      <div class="niivue-views" ref={box}>
        {["template", ...(shown?.subject === null ? [] : ["subject"])].map((part) => (
          <figure key={part}>
            <div class="niivue">
              <canvas data-view={part} role="img" aria-label={`${part} in NiiVue`} />
            </div>
            <figcaption>
              <b>{part === "template" ? "Template" : "Phantom"}</b>, all planes; drag to move, both follow
            </figcaption>
          </figure>
        ))}
      </div>
    </>
  );
}

async function showPair(
  box: HTMLElement,
  { shown, name, views }: { shown: Shown; name: string; views: { open: OpenViews; count: number } | null },
): Promise<{ open: OpenViews; count: number }> {
  const { openViews } = await import("./_niivue.ts");
  const volumes = [shown.template, ...(shown.subject === null ? [] : [shown.subject])];
  if (views !== null && views.count === volumes.length) {
    for (const [i, volume] of volumes.entries()) await views.open.replace(i, { name, volume, window: [0, 1] });
    return views;
  }
  views?.open.close();
  const canvases = [...box.querySelectorAll("canvas")];
  const opened = volumes.map((volume, i): View => {
    return { canvas: canvases[i], name, volume, colormap: "gray", window: [0, 1] };
  });
  return { open: await openViews(opened), count: volumes.length };
}
