/** An Istio object that the validation webhook accepts. */
export const VALID_GATEWAY = gateway([
  { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['shop.example'] },
]);

/** An Istio object that only a living validation webhook denies: a Gateway without servers. */
export const INVALID_GATEWAY = gateway([]);

function gateway(servers: object[]): object {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'Gateway',
    metadata: { name: 'probe', namespace: 'default' },
    spec: { selector: { istio: 'ingressgateway' }, servers },
  };
}
