/** The idea in one picture. */
import MosaicExplorer from "../islands/MosaicExplorer.tsx";
import { Findings } from "../components/Findings.tsx";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.description =
      "Pre-training of 3-D vision models on multi-parametric brain MRI in TypeScript: the idea as a picture, and what was measured.";
    return { data: state.site };
  },
});

export default define.page<typeof handler>(function Home({ data: site }) {
  return (
    <>
      <section class="hero">
        <h1>Learn a brain scan from its other sequences</h1>
        <p class="lede">
          Hide most of an MRI sequence, fill the holes from another sequence of the same head, and let a 3-D network
          rebuild what was there. What it learns on scans without labels is a start for segmentation and classification.
          This is BrainMVP's pre-training, written in TypeScript, with kernels of its own for any CPU and any GPU that
          WebGPU reaches.
        </p>
        <p class="actions">
          <a class="button primary" href="/try">Try it in the browser</a>
          <a class="button" href="/ablation">See the ablation</a>
        </p>
      </section>

      <section class="panel wide" aria-labelledby="explorer-title">
        <h2 id="explorer-title">One slice, two sequences, one mosaic</h2>
        <MosaicExplorer scene={site.phantom} />
        <p class="source">
          A synthetic head, 1 mm pixels, blocks of {site.phantom.blockSize} ×{" "}
          {site.phantom.blockSize}; in training the blocks are cubes. The template is shown by its stand-in, the mean of
          {" "}
          {site.phantom.templateHeads}{" "}
          other synthetic heads: pre-training learns one per sequence. The mosaic is computed on this page by the
          library's masks.
        </p>
      </section>

      <section aria-labelledby="method-title">
        <h2 id="method-title">Three losses</h2>
        <ol class="steps">
          <li class="cmr">
            <h3>Cross-modal reconstruction</h3>
            <p>
              Hidden blocks show another sequence of the same head. To rebuild the target the network has to know how
              tissues look in both.
            </p>
          </li>
          <li class="md">
            <h3>Modal data distillation</h3>
            <p>
              Hidden blocks show a template of the sequence that is trained along. It becomes a picture of what all
              heads have in common, and later stands in for sequences that a patient lacks.
            </p>
          </li>
          <li class="cl">
            <h3>Contrastive learning</h3>
            <p>
              The two views of one head should look alike to the network, and different from those of other heads:
              features that do not depend on the sequence.
            </p>
          </li>
        </ol>
      </section>

      <section aria-labelledby="findings-title">
        <h2 id="findings-title">What has been measured</h2>
        <Findings site={site} />
      </section>
    </>
  );
});
