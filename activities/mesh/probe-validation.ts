import { ISTIO_NAMESPACE } from '../../domain/names.js';
import type { KubeClient, Resource } from '../kube/types.js';

const GATEWAYS: Resource = { api: 'networking.istio.io/v1alpha3', plural: 'gateways', namespace: ISTIO_NAMESPACE };

const gateway = (name: string, servers: readonly object[]) => ({
  apiVersion: GATEWAYS.api,
  kind: 'Gateway',
  metadata: { name, namespace: ISTIO_NAMESPACE },
  spec: { selector: { 'meshlift.dev/probe': 'selects-nothing' }, servers },
});

const VALID = gateway('meshlift-probe-valid', [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }]);
/**
 * Well-formed for the API server, meaningless for Istio: only the webhook can refuse it. The CRDs of current Istio refuse the
 * first one by themselves, and then it proves nothing.
 */
const INVALID = [
  gateway('meshlift-probe-invalid', [{ hosts: ['*'] }]),
  gateway('meshlift-probe-invalid', [{ port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['*'] }]),
];

/**
 * Asks whether Istio's validation works: a dry run of a valid object is accepted, of an invalid one denied by the webhook.
 * @returns null when both hold, else a sentence without its end
 */
export async function probeValidation(kube: KubeClient): Promise<string | null> {
  try {
    await kube.create(GATEWAYS, VALID, { dryRun: true });
  } catch (error) {
    return `a valid Istio object is refused: ${(error as Error).message}`;
  }
  let refused = '';
  for (const invalid of INVALID) {
    const answer = await refusalOf(kube, invalid);
    if (answer === null) return 'an invalid Istio object is accepted';
    if (answer.includes('denied the request')) return null;
    refused = answer;
    if (!answer.includes('is invalid:')) break;
  }
  return `an invalid Istio object is refused, but not by the webhook: ${refused}`;
}

async function refusalOf(kube: KubeClient, object: object): Promise<string | null> {
  try {
    await kube.create(GATEWAYS, object, { dryRun: true });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
