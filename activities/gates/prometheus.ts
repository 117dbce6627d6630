import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Reading } from '../../domain/gates/measurement.js';
import type { MetricsSettings } from '../../settings/gates.js';
import { post } from './http.js';

/** What Meshlift asks of a Prometheus. */
export interface Prometheus {
  /** The value of a query now, or at another moment. */
  ask(query: string, signal: AbortSignal, at?: Date): Promise<Reading>;
  /** Where a person sees the graph of a query. */
  link(query: string): string;
  /** What a person would have typed. */
  argv(query: string): readonly string[];
}

const TIMEOUT_MS = 10_000;

const sampleSchema = z.tuple([z.number(), z.string()]);
const answerSchema = z.union([
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
  z.object({
    status: z.literal('success'),
    data: z.union([
      z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: sampleSchema })) }),
      z.object({ resultType: z.literal('scalar'), result: sampleSchema }),
    ]),
  }),
]);

/** The HTTP API of a Prometheus, or of what speaks the same (Thanos, Mimir, VictoriaMetrics): only instant queries are asked. */
export function createPrometheus(settings: MetricsSettings): Prometheus {
  const base = settings.prometheus.replace(/\/+$/, '');
  const url = new URL(`${base}/api/v1/query`);
  return {
    async ask(query, signal, at) {
      try {
        const form = new URLSearchParams({ query, ...(at && { time: String(at.getTime() / 1_000) }) });
        const answer = await post({
          url,
          headers: await headersOf(settings),
          body: form.toString(),
          timeoutMs: TIMEOUT_MS,
          signal,
          ...(settings.caFile === undefined ? {} : { ca: await readFile(settings.caFile, 'utf8') }),
        });
        return readingOf(answer.status, answer.text);
      } catch (error) {
        signal.throwIfAborted();
        return { kind: 'error', message: `Prometheus at ${base} cannot be asked: ${(error as Error).message}` };
      }
    },
    link: (query) =>
      `${base}/graph?${new URLSearchParams({ 'g0.expr': query, 'g0.tab': '0', 'g0.range_input': '1h' }).toString()}`,
    argv: (query) => ['curl', url.href, '--data-urlencode', `query=${query}`],
  };
}

async function headersOf({ headers, bearerTokenFile }: MetricsSettings): Promise<Record<string, string>> {
  const token = bearerTokenFile === undefined ? null : (await readFile(bearerTokenFile, 'utf8')).trim();
  return {
    ...headers,
    'content-type': 'application/x-www-form-urlencoded',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
}

function readingOf(status: number, text: string): Reading {
  const answer = answerSchema.safeParse(parsed(text)).data;
  if (answer?.status === 'error') {
    return { kind: 'error', message: `Prometheus answered ${status}: ${answer.errorType}: ${answer.error}` };
  }
  if (status !== 200 || answer === undefined) {
    return { kind: 'error', message: `Prometheus answered ${status}: ${text.slice(0, 200).trim() || 'nothing'}` };
  }
  const { data } = answer;
  const samples = data.resultType === 'scalar' ? [data.result] : data.result.map(({ value }) => value);
  if (samples.length > 1) {
    return {
      kind: 'error',
      message: `the query gives ${samples.length} series, and one number is wanted: aggregate it`,
    };
  }
  return toReading(samples[0]?.[1]);
}

/** Prometheus writes numbers as text: `NaN`, `+Inf`, `0.25`. */
function toReading(text: string | undefined): Reading {
  if (text === undefined || text === 'NaN') return { kind: 'none' };
  return { kind: 'value', value: Number(text.replace('Inf', 'Infinity')) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
