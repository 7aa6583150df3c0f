/** The idea of the method as a picture that can be played with: blocks of one sequence, holes filled from another. */
import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { fromGrey, mixMosaic, type Mosaic } from "../data/mosaic.ts";
import type { PhantomScene, ScenePicture } from "../data/phantom_scene.ts";
import { siteUrl } from "../urls.ts";

/** What the first picture shows, which is also rendered without scripts. */
const START = { target: "t2", fill: "t1", percent: 87.5 } as const;

const NAMES: Readonly<Record<string, string>> = { flair: "FLAIR", t1: "T1", t1c: "T1 + contrast", t2: "T2" };

/** Values of all pictures by address. */
type Pictures = ReadonlyMap<string, Float32Array>;

export default function MosaicExplorer({ scene }: { scene: PhantomScene }): VNode {
  const [target, setTarget] = useState<string>(START.target);
  const [fill, setFill] = useState<string>(START.fill);
  const [percent, setPercent] = useState<number>(START.percent);
  const [draw, setDraw] = useState(0);
  const [outlined, setOutlined] = useState(false);
  const pictures = usePictures(scene);
  const truth = pictureOf(scene.sequences, target);
  const source = fill === "template" ? pictureOf(scene.templates, target) : pictureOf(scene.sequences, fill);
  const mosaic = useMemo(() => {
    const [seen, filling] = [pictures?.get(truth.file), pictures?.get(source.file)];
    if (seen === undefined || filling === undefined) return undefined;
    return mixMosaic(seen, filling, { ...scene, maskRatio: percent / 100, draw });
  }, [pictures, truth, source, percent, draw]);
  const fillName = fill === "template" ? `template of ${NAMES[target]}` : NAMES[fill];
  const choose = (next: string): void => {
    setTarget(next);
    // A sequence does not fill its own holes.
    if (fill === next) setFill(pictureOf(scene.sequences.filter(({ modality }) => modality !== next), "t1").modality);
  };
  return (
    <div class="explorer">
      <div class="explorer-pictures">
        <Slice
          scene={scene}
          picture={truth}
          alt={`Axial slice, ${NAMES[target]}`}
          caption={`Rebuild this: ${NAMES[target]}`}
        />
        <Slice scene={scene} picture={source} alt={`The same slice, ${fillName}`} caption={`Fill from: ${fillName}`} />
        <MosaicFigure {...{ scene, mosaic, outlined }} label={describe(mosaic, { target, fillName, percent })} />
      </div>
      <form class="explorer-controls" onSubmit={(event) => event.preventDefault()}>
        <div class="field">
          <label for="mask-ratio">
            Masking ratio <output for="mask-ratio">{percent.toFixed(1)} %</output>
          </label>
          <input
            id="mask-ratio"
            type="range"
            min="0"
            max="100"
            step="0.5"
            value={percent}
            aria-valuetext={`${percent} percent hidden`}
            onInput={(event) => setPercent(Number(event.currentTarget.value))}
          />
          <p class="hint">The paper hides 87.5 %, the official code 80 %.</p>
        </div>
        <Choice
          legend="Sequence to rebuild"
          name="target"
          value={target}
          options={scene.sequences.map(({ modality }) => ({ value: modality, label: NAMES[modality] }))}
          onChoose={choose}
        />
        <Choice
          legend="Holes are filled from"
          name="fill"
          value={fill}
          options={[
            ...scene.sequences.map(({ modality }) => ({
              value: modality,
              label: NAMES[modality],
              disabled: modality === target,
            })),
            { value: "template", label: "Template" },
          ]}
          onChoose={setFill}
        />
        <div class="explorer-actions">
          <button type="button" class="button" onClick={() => setDraw(draw + 1)}>Draw other blocks</button>
          <label class="check">
            <input type="checkbox" checked={outlined} onChange={(event) => setOutlined(event.currentTarget.checked)} />
            Outline visible blocks
          </label>
        </div>
        <dl class="explorer-facts" aria-live="polite">
          <div>
            <dt>Visible blocks</dt>
            <dd>{mosaic ? `${mosaic.visibleBlocks} of ${mosaic.blocks}` : "…"}</dd>
          </div>
          <div>
            <dt>Fill in hidden blocks</dt>
            <dd>{mosaic ? formatPsnr(mosaic) : "…"}</dd>
          </div>
        </dl>
      </form>
    </div>
  );
}

function pictureOf(pictures: readonly ScenePicture[], modality: string): ScenePicture {
  return pictures.find((picture) => picture.modality === modality) ?? pictures[0];
}

function formatPsnr({ fillPsnr }: Mosaic): string {
  return fillPsnr === null ? "nothing hidden" : `${fillPsnr.toFixed(1)} dB PSNR`;
}

function describe(
  mosaic: Mosaic | undefined,
  { target, fillName, percent }: { target: string; fillName: string; percent: number },
): string {
  const blocks = mosaic
    ? `${mosaic.visibleBlocks} of ${mosaic.blocks} blocks`
    : `${100 - percent} percent of the blocks`;
  return `Mosaic: ${blocks} show ${NAMES[target]}, all others ${fillName}`;
}

/** Loads the grey levels of all pictures once. */
function usePictures(scene: PhantomScene): Pictures | undefined {
  const [pictures, setPictures] = useState<Pictures>();
  useEffect(() => {
    const files = [...scene.sequences, ...scene.templates].map(({ file }) => file);
    Promise.all(files.map(async (file) => [file, await readPicture(file, scene)] as const))
      .then((entries) => setPictures(new Map(entries)));
  }, []);
  return pictures;
}

async function readPicture(file: string, { width, height }: PhantomScene): Promise<Float32Array> {
  const image = new Image();
  image.src = siteUrl(file);
  await image.decode();
  const context = contextOf(Object.assign(document.createElement("canvas"), { width, height }));
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return fromGrey(data.filter((_, i) => i % 4 === 0));
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("Cannot draw: expected a canvas with two dimensions, got none");
  return context;
}

function Slice(
  { scene, picture, alt, caption }: { scene: PhantomScene; picture: ScenePicture; alt: string; caption: string },
): VNode {
  return (
    <figure class="slice">
      <img src={siteUrl(picture.file)} alt={alt} width={scene.width} height={scene.height} />
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

function MosaicFigure(
  { scene, mosaic, outlined, label }: {
    scene: PhantomScene;
    mosaic: Mosaic | undefined;
    outlined: boolean;
    label: string;
  },
): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  // With the numbers beside it, not a frame later.
  useLayoutEffect(() => {
    if (canvas.current !== null && mosaic !== undefined) paint(canvas.current, { scene, mosaic, outlined });
  }, [mosaic, outlined]);
  return (
    <figure class="mosaic">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        width={SCALE * scene.width}
        height={SCALE * scene.height}
        style={{ aspectRatio: `${scene.width} / ${scene.height}` }}
      />
      <figcaption>What the network sees</figcaption>
    </figure>
  );
}

/** Canvas pixels per pixel of the slice: outlines between blocks stay thin. */
const SCALE = 4;

function paint(
  canvas: HTMLCanvasElement,
  { scene: { width, height, blockSize }, mosaic, outlined }: {
    scene: PhantomScene;
    mosaic: Mosaic;
    outlined: boolean;
  },
): void {
  const small = Object.assign(document.createElement("canvas"), { width, height });
  const levels = new ImageData(width, height);
  mosaic.pixels.forEach((value, i) => levels.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
  contextOf(small).putImageData(levels, 0, 0);
  const context = contextOf(canvas);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  if (!outlined) return;
  context.strokeStyle = "#ffb454";
  context.lineWidth = 2;
  for (let y = 0; y < height; y += blockSize) {
    for (let x = 0; x < width; x += blockSize) {
      if (mosaic.mask[y * width + x] === 1) continue;
      const edge = SCALE * blockSize;
      context.strokeRect(SCALE * x + 1, SCALE * y + 1, edge - 2, edge - 2);
    }
  }
}

function Choice(
  { legend, name, value, options, onChoose }: {
    legend: string;
    name: string;
    value: string;
    options: readonly { value: string; label: string; disabled?: boolean }[];
    onChoose: (value: string) => void;
  },
): VNode {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      <div>
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              disabled={option.disabled}
              onChange={(event) => onChoose(event.currentTarget.value)}
            />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
