/** A rebuilt head: four pictures of one slice, scores, and on demand the same in NiiVue. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Rebuilt } from "../workers/_rebuilding.ts";
import { Choice } from "./_choice.tsx";
import { nameOfSequence } from "./_sequence_names.ts";
import { type PaintOptions, paintSlice, type PlaneName, PLANES } from "./_slices.ts";
import type { OpenViews } from "./_niivue.ts";
import type { Outcome } from "./_try_session.ts";

/** Errors from here on are of the brightest colour. */
const WORST_ERROR = 0.5;

type VolumeName = "truth" | "mosaic" | "rebuilt" | "error";

const PANELS: readonly { name: VolumeName; title: string; about: string }[] = [
  { name: "truth", title: "Scan", about: "what is to be rebuilt" },
  { name: "mosaic", title: "Mosaic", about: "what the network sees; filled blocks are tinted" },
  { name: "rebuilt", title: "Rebuilt", about: "what the network makes of it" },
  { name: "error", title: "Error", about: `black 0, brightest ${WORST_ERROR} of the scan's range and more` },
];

/** Pictures and numbers of one rebuilding. */
export function TryResult({ outcome, backend }: { outcome: Outcome; backend: string }): VNode {
  const { result, request, milliseconds } = outcome;
  const [plane, setPlane] = useState<PlaneName>("axial");
  const count = result.size[PLANES[plane].depth];
  const [share, setShare] = useState(0.5);
  const index = Math.min(count - 1, Math.floor(share * count));
  const planes = Object.fromEntries(Object.keys(PLANES).map((name) => [name, name])) as Record<PlaneName, string>;
  return (
    <section class="try-result" aria-label="Result">
      <dl class="explorer-facts">
        <div>
          <dt>PSNR in hidden blocks, rebuilt</dt>
          <dd data-score="rebuilt">{result.psnr.toFixed(2)} dB</dd>
        </div>
        <div>
          <dt>the mosaic itself</dt>
          <dd data-score="mosaic">{result.mosaicPsnr.toFixed(2)} dB</dd>
        </div>
      </dl>
      <div class="try-panels">
        {PANELS.map(({ name, title, about }) => (
          <figure key={name}>
            <SliceCanvas
              result={result}
              name={name}
              plane={plane}
              index={index}
              label={`${title} of ${nameOfSequence(request.target)}, ${plane} slice ${index + 1} of ${count}`}
            />
            <figcaption>
              <b>{title}</b> {about}
            </figcaption>
          </figure>
        ))}
      </div>
      <div class="try-slices">
        <Choice legend="Plane" value={plane} options={planes} onChange={setPlane} />
        <div class="field">
          <label for="try-slice">
            Slice <output for="try-slice">{index + 1} of {count}</output>
          </label>
          <input
            id="try-slice"
            type="range"
            min="0"
            max={count - 1}
            value={index}
            onInput={({ currentTarget }) => setShare((Number(currentTarget.value) + 0.5) / count)}
          />
        </div>
      </div>
      <NiivueViews result={result} />
      <p class="source">
        {Math.round(milliseconds)} ms on {backend}. The right of the head is on the left of the picture.
      </p>
    </section>
  );
}

function SliceCanvas(
  { result, name, label, plane, index }:
    & { result: Rebuilt; name: VolumeName; label: string }
    & Pick<
      PaintOptions,
      "plane" | "index"
    >,
): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const isError = name === "error";
    paintSlice(canvas.current!, { data: result[name], size: result.size }, {
      plane,
      index,
      window: isError ? [0, WORST_ERROR] : [0, 1],
      colours: isError ? "heat" : "grey",
      tint: name === "mosaic" ? result.mask : undefined,
    });
  }, [result, name, plane, index]);
  return <canvas ref={canvas} role="img" aria-label={label} data-volume={name} />;
}

const VIEWS = ["mosaic", "rebuilt", "error"] as const;

/** The same volumes in NiiVue, which is loaded when it is wanted. */
function NiivueViews({ result }: { result: Rebuilt }): VNode {
  const [wanted, setWanted] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const views = useRef<OpenViews | null>(null);
  useEffect(() => {
    if (!wanted) return;
    showViews(box.current!, { result, open: views.current }).then(
      (open) => views.current = open,
      (error) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  }, [wanted, result]);
  useEffect(() => () => views.current?.close(), []);
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
        {VIEWS.map((name) => (
          <figure key={name}>
            <div class="niivue">
              <canvas data-view={name} role="img" aria-label={`${name} in NiiVue`} />
            </div>
            <figcaption>
              <b>{PANELS.find((panel) => panel.name === name)!.title}</b>, all planes; drag to move
            </figcaption>
          </figure>
        ))}
      </div>
    </>
  );
}

async function showViews(
  box: HTMLElement,
  { result, open }: { result: Rebuilt; open: OpenViews | null },
): Promise<OpenViews> {
  const { openViews } = await import("./_niivue.ts");
  const { centredAffine } = await import("./_volumes.ts");
  const affine = centredAffine(result.size, result.spacingMm);
  const shown = VIEWS.map((name) => {
    const isError = name === "error";
    return {
      canvas: box.querySelector<HTMLCanvasElement>(`canvas[data-view="${name}"]`)!,
      name,
      volume: { data: result[name], size: result.size, affine },
      colormap: isError ? "inferno" as const : "gray" as const,
      window: isError ? [0, WORST_ERROR] as const : [0, 1] as const,
    };
  });
  if (open === null) return await openViews(shown);
  for (const [i, view] of shown.entries()) await open.replace(i, view);
  return open;
}
