/** NiiVue, behind one door: views of one volume each that show the same place. */
// deno-lint-ignore no-import-prefix -- only the site needs it: runs should not have to download it
import { Niivue, NVImage } from "npm:@niivue/niivue@0.69.0";
import type { Volume } from "../../lib/geometry.ts";
import { niftiOf } from "./_volumes.ts";

/** One canvas and what it shows. */
export interface View {
  readonly canvas: HTMLCanvasElement;
  readonly name: string;
  readonly volume: Volume;
  /** NiiVue's name of a colour map. */
  readonly colormap: "gray" | "inferno";
  /** Values from black to white. */
  readonly window: readonly [low: number, high: number];
}

/** Views that were opened together. */
export interface OpenViews {
  /** Puts another volume into a view, which keeps its place. */
  replace(view: number, next: Pick<View, "name" | "volume" | "window">): Promise<void>;
  /** Gives the graphics contexts back. */
  close(): void;
}

/**
 * Opens a view in every canvas; where one is pointed at, the others follow.
 *
 * @throws {Error} when the browser has no WebGL 2
 */
export async function openViews(views: readonly View[]): Promise<OpenViews> {
  const viewers: Niivue[] = [];
  for (const view of views) {
    if (view.canvas.getContext("webgl2") === null) {
      throw new Error("Cannot open the viewer: expected a browser with WebGL 2, found none");
    }
    const viewer = new Niivue({
      backColor: [0, 0, 0, 1],
      crosshairColor: [1, 0.55, 0.2, 0.8],
      crosshairWidth: 1,
      crosshairWidthUnit: "mm",
      dragAndDropEnabled: false,
      isRadiologicalConvention: true,
      loadingText: "",
      show3Dcrosshair: true,
      multiplanarForceRender: true,
      logLevel: "silent",
    });
    await viewer.attachToCanvas(view.canvas);
    viewer.setSliceType(viewer.sliceTypeMultiplanar);
    viewer.addVolume(await imageOf(view));
    viewers.push(viewer);
  }
  for (const viewer of viewers) {
    viewer.broadcastTo(viewers.filter((other) => other !== viewer), { "2d": true, "3d": true });
  }
  return {
    replace: async (index, next) => {
      const viewer = viewers[index];
      const image = await imageOf({ ...views[index], ...next });
      const [shown] = viewer.volumes;
      viewer.addVolume(image);
      if (shown !== undefined) viewer.removeVolume(shown);
      viewer.setVolume(image, 0);
    },
    close: () => viewers.forEach((viewer) => viewer.gl.getExtension("WEBGL_lose_context")?.loseContext()),
  };
}

async function imageOf({ name, volume, colormap, window: [low, high] }: Omit<View, "canvas">): Promise<NVImage> {
  return await NVImage.loadFromUrl({
    url: await niftiOf(volume),
    name: `${name}.nii.gz`,
    colormap,
    cal_min: low,
    cal_max: high,
  });
}
