/** The idea in one picture. */
import { define } from "../utils.ts";

export default define.page(function Home() {
  return (
    <>
      <h1>BrainMVP for Deno</h1>
    </>
  );
});
