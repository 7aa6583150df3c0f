/** Threads of Deno and of web pages. */
import assert from "node:assert/strict";
import { startThread } from "../../../lib/tensor/simd/thread.ts";

const ECHO = new URL("./_echo_thread.ts", import.meta.url);

Deno.test("startThread() resolves with the thread's answer", async () => {
  assert.equal(await startThread(ECHO, 21), 42);
});

Deno.test("startThread() rejects when the module does not load", async () => {
  await assert.rejects(startThread(new URL("./_no_such_thread.ts", import.meta.url), 1));
});

Deno.test("a process ends by itself while a pool of the simd backend waits", async () => {
  const tensor = new URL("../../../lib/tensor/mod.ts", import.meta.url);
  const script = `const { selectBackend } = await import("${tensor}");\n` +
    `console.log((await selectBackend("simd", { threads: 2 })).description);`;
  const child = new Deno.Command("deno", {
    args: ["run", "-q", "-P=test", "-"],
    cwd: new URL("../../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { code, stdout } = await child.output();
  assert.equal(code, 0);
  assert.match(new TextDecoder().decode(stdout), /2 threads/);
});
