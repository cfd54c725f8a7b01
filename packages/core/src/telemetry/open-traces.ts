/**
 * Opens the exporter of traces where one is configured. OpenTelemetry's packages are loaded only then: a server without
 * traces pays neither their memory nor their start.
 */
import { toFailure } from '../model/errors.ts';
import type { TracedProcess, Traces, TracesOptions } from './traces.ts';

/** @returns null where traces are off. Disposing it sends what is left, for a few seconds at most. */
export async function openTraces(
  { telemetry: { traces } }: { readonly telemetry: { readonly traces: TracesOptions | null } },
  process: TracedProcess,
): Promise<Traces | null> {
  if (traces === null) return null;
  const { OpenTelemetryTraces } = await import('./open-telemetry.ts');
  // A collector that is away costs spans, never an answer.
  const onTrouble = (error: unknown): void =>
    process.log.warn({ reason: toFailure(error).message }, 'traces were not taken by their collector');
  return new OpenTelemetryTraces({ ...traces, ...process, onTrouble });
}
