import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseSettings } from '../../settings/settings.js';

const parse = (settings: object) => parseSettings(stringify(settings), '/etc/meshlift/config.yaml');
const withMetrics = (metrics: object) => parse({ clusters: [{ id: 'prod', kubeconfig: 'k', metrics }] });
const withHook = (hook: object) => parse({ webhooks: { board: { secretFile: 's', ...hook } } });

describe('the settings of gates', () => {
  it('have defaults, and paths from the folder of the file', () => {
    const { clusters } = withMetrics({ prometheus: 'https://p/prod', bearerTokenFile: 'token', caFile: '/ca.pem' });
    expect(clusters[0]?.metrics).toEqual({
      prometheus: 'https://p/prod',
      revisionLabel: 'istio_io_rev',
      window: 120,
      bearerTokenFile: '/etc/meshlift/token',
      caFile: '/ca.pem',
      headers: {},
    });
    const { webhooks, jobs, analyses } = parse({
      webhooks: { board: { url: 'https://board', secretFile: 'board.secret', timeout: '5s' } },
      jobs: { smoke: 'smoke.yaml' },
      analyses: { mine: { metrics: [{ name: 'up', query: 'sum(up)', min: 1, interval: '10s' }] } },
    });
    expect(webhooks['board']).toEqual({
      url: 'https://board',
      secretFile: '/etc/meshlift/board.secret',
      timeout: 5,
      giveUpAfter: 900,
      insecure: false,
    });
    expect(jobs).toEqual({ smoke: '/etc/meshlift/smoke.yaml' });
    expect(analyses['mine']?.metrics[0]).toMatchObject({ interval: 10, count: 5, failureLimit: 0, dryRun: false });
    expect(parse({})).toMatchObject({ webhooks: {}, jobs: {}, analyses: {} });
  });

  it.each([
    [() => withMetrics({ prometheus: 'https://me:secret@p' }), /holds no name and no password/],
    [() => withMetrics({ prometheus: 'ftp://p' }), /begins with http/],
    [() => withMetrics({ prometheus: 'https://p', revisionLabel: 'istio.io/rev' }), /letters, digits and underscores/],
    [() => withMetrics({ prometheus: 'https://p', headers: { a: 'b\r\nc' } }), /headers/],
    [() => withMetrics({ prometheus: 'https://p', token: 'x' }), /token/],
    [() => withHook({ url: 'http://board.example/ask' }), /plain http goes to this machine only/],
    [() => withHook({ url: 'nonsense' }), /begins with http/],
    [() => parse({ jobs: { 'Smoke Test': 'x' } }), /jobs\["Smoke Test"\]/],
    [() => parse({ analyses: { mine: { metrics: [] } } }), /analyses/],
  ])('are refused with a sentence: %#', (read, message) => {
    expect(read).toThrow(message);
  });

  it('allow plain http to this machine, and elsewhere only to who says so', () => {
    expect(withHook({ url: 'http://127.0.0.1:8080/ask' }).webhooks['board']?.insecure).toBe(false);
    expect(withHook({ url: 'http://board.example/ask', insecure: true }).webhooks['board']?.insecure).toBe(true);
  });
});
