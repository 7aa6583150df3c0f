/** What a host shows for an address that is none. */
import { define } from "../utils.ts";

export const handler = define.handlers({
  GET({ state }) {
    state.title = "Page not found";
    return { data: undefined };
  },
});

export default define.page<typeof handler>(function NotFound() {
  return (
    <>
      <h1>Page not found</h1>
      <p>
        There is nothing at this address. <a href="/">Go to the first page</a>.
      </p>
    </>
  );
});
