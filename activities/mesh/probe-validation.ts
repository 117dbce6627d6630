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
/** Well-formed for the API server, meaningless for Istio: only the webhook can refuse it. */
const INVALID = gateway('meshlift-probe-invalid', [{ hosts: ['*'] }]);

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
  try {
    await kube.create(GATEWAYS, INVALID, { dryRun: true });
    return 'an invalid Istio object is accepted';
  } catch (error) {
    const message = (error as Error).message;
    return message.includes('denied the request')
      ? null
      : `an invalid Istio object is refused, but not by the webhook: ${message}`;
  }
}
