/** What this is, and how to cite it. */
import { PageHead } from "../components/Parts.tsx";
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "About";
    state.description = "What BrainMVP for Deno is, what it is not, and how to cite the method.";
    return { data: undefined };
  },
});

const CITATION = `@inproceedings{brainmvp2025,
  title     = {Multi-modal Vision Pre-training for Medical Image Analysis},
  booktitle = {Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2025},
  note      = {arXiv:2410.10604}
}`;

export default define.page<typeof handler>(function About() {
  return (
    <>
      <PageHead title="About">
        <p>
          A toolkit that pre-trains 3-D vision models on multi-parametric brain MRI, fine-tunes them, predicts and
          scores, all in TypeScript on Deno.
        </p>
      </PageHead>
      <section aria-labelledby="method-title">
        <h2 id="method-title">The method</h2>
        <p>
          BrainMVP comes from <cite>Multi-modal Vision Pre-training for Medical Image Analysis</cite>, CVPR 2025,{" "}
          <a href="https://arxiv.org/abs/2410.10604">arXiv 2410.10604</a>. This is an independent implementation:
          recipes follow the paper and the official code, and every difference between the two is a named option.
          Weights of the official code can be read and written.
        </p>
      </section>
      <section aria-labelledby="cite-title">
        <h2 id="cite-title">Citing</h2>
        <p>Please cite the paper:</p>
        <pre tabIndex={0}><code>{CITATION}</code></pre>
      </section>
      <section aria-labelledby="numbers-title">
        <h2 id="numbers-title">Where the numbers come from</h2>
        <ul>
          <li>
            Ours are read from result files when this site is built. What has not been measured is said not to be.
          </li>
          <li>
            The paper's are marked as such. They are quoted from sources that cite its tables, which sometimes disagree.
          </li>
          <li>
            An interval over subjects tells how sure a mean is for one training. Another seed is another training.
          </li>
        </ul>
      </section>
      <section aria-labelledby="data-title">
        <h2 id="data-title">Data and privacy</h2>
        <p>
          Pictures here are of synthetic heads unless a page says otherwise. Pages that compute do so on your machine:
          scans that you open in the browser are not sent anywhere.
        </p>
      </section>
      <section aria-labelledby="limits-title">
        <h2 id="limits-title">Not for patients</h2>
        <p>This is software for research. Nothing of it is a medical device, and no output may guide care.</p>
      </section>
    </>
  );
});
