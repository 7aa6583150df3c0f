/** Pre-trained features computed in the reader's browser. */
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
  return (
    <>
      <h1>Try it in the browser</h1>
      <TryIt />
    </>
  );
});
