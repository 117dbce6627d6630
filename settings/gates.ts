import { resolve } from 'node:path';
import { z } from 'zod';
import { durationSchema } from '../domain/duration.js';
import { analysisTemplateSchema } from '../domain/policy/analysis-template.js';

/** By what policies call it. */
const registeredName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/);
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Secrets belong into files: an address is shown to people. */
const addressSchema = z
  .url({ protocol: /^https?$/, error: 'an address begins with http:// or https://' })
  .refine((text) => URL.canParse(text) && new URL(text).username === '' && new URL(text).password === '', {
    error: 'an address holds no name and no password',
  });

/** Where the metrics of a mesh are. */
export const metricsSchema = z.strictObject({
  /** Base address of a Prometheus, or of what speaks its HTTP API; `/api/v1/query` is all that is asked. */
  prometheus: addressSchema,
  /** Label of a series that tells the revision of the proxy that it comes from. */
  revisionLabel: z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'a label of Prometheus has letters, digits and underscores')
    .default('istio_io_rev'),
  /** `$window` of queries: four times the scrape interval at least. */
  window: durationSchema({ min: 1, max: 86_400 }).default(120),
  /** Read anew for each request. */
  bearerTokenFile: z.string().min(1).optional(),
  /** PEM of the authorities that may have signed its certificate, instead of the system's. */
  caFile: z.string().min(1).optional(),
  /** Sent with each request, for instance `X-Scope-OrgID`. */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), z.string().regex(/^[^\r\n]*$/)).default({}),
});
export type MetricsSettings = z.infer<typeof metricsSchema>;

const webhookSchema = z
  .strictObject({
    url: addressSchema,
    /** File with the secret that signs what is sent. */
    secretFile: z.string().min(1),
    /** How long one request may take. */
    timeout: durationSchema({ min: 1, max: 600 }).default(10),
    /** How long an answer that decides nothing is asked for again. */
    giveUpAfter: durationSchema({ min: 1, max: 86_400 }).default(900),
    /** Allows plain http to another machine: what is sent can be read on its way, and so can the answer be forged. */
    insecure: z.boolean().default(false),
  })
  .refine(({ url, insecure }) => insecure || !url.startsWith('http:') || LOOPBACK.includes(new URL(url).hostname), {
    path: ['url'],
    error: 'plain http goes to this machine only, unless `insecure: true`',
  });
export type WebhookSettings = z.infer<typeof webhookSchema>;

/** What gates of policies refer to by name; a caller never sends the thing itself. */
export const gateSettings = {
  /** Analyses beside the built-in ones; one of the same name takes the place. */
  analyses: z.record(registeredName, analysisTemplateSchema).default({}),
  webhooks: z.record(registeredName, webhookSchema).default({}),
  /** Paths of manifests of Jobs. */
  jobs: z.record(registeredName, z.string().min(1)).default({}),
};

/** The same with absolute paths. */
export function resolveMetrics(metrics: MetricsSettings, base: string): MetricsSettings {
  const { bearerTokenFile, caFile } = metrics;
  return {
    ...metrics,
    ...(bearerTokenFile === undefined ? {} : { bearerTokenFile: resolve(base, bearerTokenFile) }),
    ...(caFile === undefined ? {} : { caFile: resolve(base, caFile) }),
  };
}

/** The same with absolute paths. */
export function resolveGates(
  { webhooks, jobs }: { readonly webhooks: Record<string, WebhookSettings>; readonly jobs: Record<string, string> },
  base: string,
) {
  return {
    webhooks: mapped(webhooks, (webhook) => ({ ...webhook, secretFile: resolve(base, webhook.secretFile) })),
    jobs: mapped(jobs, (file) => resolve(base, file)),
  };
}

function mapped<Value>(record: Record<string, Value>, change: (value: Value) => Value): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
