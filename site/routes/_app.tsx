/** The frame around all pages. */
import { Footer, Header } from "../components/Frame.tsx";
import { define } from "../utils.ts";

/** What pages may load: nothing from outside the site. Viewers make pictures and workers of their own. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval' blob:",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

export default define.page(function App({ Component, state, url }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={CONTENT_SECURITY_POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content={state.description} />
        <meta name="color-scheme" content="light dark" />
        <title>{state.title === "" ? "BrainMVP for Deno" : `${state.title} · BrainMVP for Deno`}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <script src="/theme.js" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <Header path={url.pathname} />
        <main id="content" tabIndex={-1}>
          <Component />
        </main>
        <Footer version={state.site.version} />
      </body>
    </html>
  );
});
