/** Masking and rebuilding in the reader's browser. */
import { PageHead } from "../components/Parts.tsx";
import { DEMO_MODEL } from "../data/demo_model.ts";
import TryIt from "../islands/TryIt.tsx";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Try it";
    state.description = "Mask a scan and rebuild it in this browser; nothing leaves the machine.";
    return { data: undefined };
  },
});

export default define.page<typeof handler>(function Try() {
  const { maskRatio, seed, cropSize, spacingMm, updates, data, scores, made } = DEMO_MODEL;
  const [mm] = spacingMm;
  return (
    <>
      <link rel="stylesheet" href="/viewers.css" />
      <PageHead title="Try it in the browser">
        <p>
          Blocks of a head are hidden and filled from another sequence or from the learned template; a small network
          rebuilds them. All of it is computed on this page: <b>nothing leaves your machine.</b>
        </p>
      </PageHead>
      <div class="pending">
        <p>
          <b>This is a demonstration, not a tool.</b> Its network was trained on {data}{" "}
          and has never seen a real scan. It works on {cropSize.join(" × ")} voxels of {mm}{" "}
          mm. Real scans are outside of what it knows.
        </p>
      </div>
      <TryIt maskRatio={maskRatio} seed={seed} />
      <noscript>
        <p class="empty">This page computes in the browser and needs JavaScript.</p>
      </noscript>
      <section aria-labelledby="made-title">
        <h2 id="made-title">The network</h2>
        <p>
          {updates} updates of the quick recipe, seed{" "}
          {seed}. On held-out phantoms with half of the blocks hidden it reached {scores.cmr.psnr.toFixed(2)}{" "}
          dB where another sequence fills (the mosaic itself: {scores.cmr.mosaicPsnr.toFixed(2)}, means over{" "}
          {scores.cmr.pairs} pairs) and {scores.md.psnr.toFixed(2)} dB where the template does (
          {scores.md.mosaicPsnr.toFixed(2)}, {scores.md.pairs}{" "}
          sequences). The page has it in half precision, and the templates in 8 bits. Made by:
        </p>
        <pre tabIndex={0}><code>{made.join("\n")}</code></pre>
      </section>
    </>
  );
});
