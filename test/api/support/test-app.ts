import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { createApp } from '../../../api/app.js';
import type { AppDeps, AppOptions } from '../../../api/deps.js';
import { createJournalDouble, createRunsDouble, type Doubles } from './doubles.js';

export const TOKEN = 'the-token-of-this-test';
export const RELEASE = '1.6.14-asm.2';

/** An app over doubles, closed when the test ends. */
export interface TestApp extends Doubles {
  readonly app: FastifyInstance;
  /** Sends a request with the token. */
  readonly request: (options: InjectOptions) => Promise<LightMyRequestResponse>;
}

export async function testApp(changes: Partial<AppDeps> = {}, options: AppOptions = {}): Promise<TestApp> {
  const runs = createRunsDouble();
  const journal = createJournalDouble();
  const deps: AppDeps = {
    clusters: [
      { id: 'shop', role: 'user', labels: { tier: 'test' } },
      { id: 'control', role: 'admin', labels: {} },
    ],
    releases: [
      {
        version: RELEASE,
        role: 'target',
        driver: 'asm-1.6',
        revision: 'asm-1614-2',
        profile: 'asm-multicloud',
        sources: [{ minor: '1.6', minPatch: 4 }],
        routes: [],
        kubernetes: { min: '1.15', max: '1.21' },
        baseUrl: 'https://releases.example/asm',
        publicKey: '-----BEGIN PUBLIC KEY-----',
        signatureSuffix: '.1.sig',
        archives: { linux: { file: 'a.tar.gz' }, darwin: { file: 'b.tar.gz' }, win32: { file: 'c.zip' } },
      },
    ],
    overlays: ['gateway'],
    token: TOKEN,
    runs,
    journal,
    readiness: () => Promise.resolve([{ part: 'temporal', ready: true, detail: 'answers' }]),
    logger: pino({ level: 'silent' }),
    ...changes,
  };
  const app = await createApp(deps, options);
  onTestFinished(async () => {
    await app.close();
  });
  return {
    app,
    deps,
    runs,
    journal,
    request: (injected) =>
      app.inject({ ...injected, headers: { authorization: `Bearer ${TOKEN}`, ...injected.headers } }),
  };
}
