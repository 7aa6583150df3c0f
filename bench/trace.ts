/** A profile that chrome://tracing and ui.perfetto.dev show. */
import type { GpuSpan } from "../lib/tensor/webgpu/timeline.ts";
import type { KernelCall } from "./profile.ts";

/** A complete event of the trace event format; times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, string>>;
}

const HOST = 1, GPU = 2;

/**
 * Writes what the host and the device did as a trace.
 *
 * The two have clocks of their own: both rows begin at 0, and say nothing about when one waited for the other.
 */
export function formatTrace({ host, gpu }: { host: readonly KernelCall[]; gpu: readonly GpuSpan[] }): string {
  const hostStart = Math.min(...host.map(({ start }) => start));
  const gpuStart = Math.min(...gpu.map(({ start }) => start));
  const rows: [number, string][] = [[HOST, "kernel calls on the host"], [GPU, "programs on the GPU"]];
  const events: TraceEvent[] = [
    ...rows.map(([tid, name]): TraceEvent => ({ name: "thread_name", ph: "M", pid: 1, tid, args: { name } })),
    ...host.map(({ name, start, ms }): TraceEvent => {
      return { name, ph: "X", pid: 1, tid: HOST, ts: (start - hostStart) * 1e3, dur: ms * 1e3 };
    }),
    ...gpu.map(({ name, start, end }): TraceEvent => {
      return { name, ph: "X", pid: 1, tid: GPU, ts: (start - gpuStart) / 1e3, dur: (end - start) / 1e3 };
    }),
  ];
  return JSON.stringify({ traceEvents: events });
}
