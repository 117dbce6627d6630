import type { LostSetting } from '../../../domain/settings-diff.js';

/**
 * What a plain 1.5.10 has and a plain 1.6.14 has not, or has with another value, by object: the defaults of 1.5, not
 * options that somebody chose. Found by rendering the default profile of both with their own istioctl.
 */
const DEFAULTS_OF_1_5: Readonly<Record<string, readonly string[]>> = {
  'Deployment prometheus.containers[istio-proxy].': [
    'args.--configPath: /etc/istio/proxy',
    'args.--binaryPath: /usr/local/bin/envoy',
    'args.--serviceCluster: istio-proxy-prometheus',
    'args.--drainDuration: 45s',
    'args.--parentShutdownDuration: 1m0s',
    'args.--discoveryAddress: istio-pilot.istio-system.svc:15012',
    'args.--connectTimeout: 10s',
    'args.--proxyAdminPort: 15000',
    'args.--dnsRefreshRate: 300s',
    'args.--statusPort: 15020',
    'args.--controlPlaneBootstrap: false',
    'env.CA_ADDR: istio-pilot.istio-system.svc:15012',
  ],
  'Deployment istio-ingressgateway.containers[istio-proxy].': [
    'args.--drainDuration: 45s',
    'args.--parentShutdownDuration: 1m0s',
    'args.--connectTimeout: 10s',
    'args.--zipkinAddress: zipkin.istio-system:9411',
    'args.--proxyAdminPort: 15000',
    'args.--statusPort: 15020',
    'args.--controlPlaneAuthPolicy: NONE',
    'args.--discoveryAddress: istio-pilot.istio-system.svc:15012',
    'env.ISTIO_META_USER_SDS: true',
    'env.CA_ADDR: istio-pilot.istio-system.svc:15012',
    'env.ISTIO_AUTO_MTLS_ENABLED: true',
  ],
  'Service istio-ingressgateway.ports': [
    '[status-port].port: 15020',
    '[kiali].name: kiali',
    '[kiali].port: 15029',
    '[prometheus].name: prometheus',
    '[prometheus].port: 15030',
    '[grafana].name: grafana',
    '[grafana].port: 15031',
    '[tracing].name: tracing',
    '[tracing].port: 15032',
    '[tcp].name: tcp',
    '[tcp].port: 31400',
  ],
  'ConfigMap istio.mesh.': [
    'enableTracing: true',
    'enableEnvoyAccessLogService: false',
    'enableAutoMtls: true',
    'outboundTrafficPolicy.mode: ALLOW_ANY',
    'localityLbSetting.enabled: true',
    'defaultConfig.configPath: /etc/istio/proxy',
  ],
  'Deployment istiod.containers[discovery].': [
    'args.--secureGrpcAddr: :15011',
    'args.--disable-install-crds: true',
    'env.CONFIG_NAMESPACE: istio-config',
    'env.PILOT_ENABLE_PROTOCOL_SNIFFING_FOR_INBOUND: false',
    'env.PILOT_EXTERNAL_GALLEY: false',
  ],
  'ConfigMap istio-sidecar-injector.values.': [
    'global.disablePolicyChecks: true',
    'global.enableTracing: true',
    'global.imagePullPolicy: IfNotPresent',
    'global.k8sIngress.enableHttps: false',
    'global.k8sIngress.enabled: false',
    'global.k8sIngress.gatewayName: ingressgateway',
    'global.localityLbSetting.enabled: true',
    'global.mtls.auto: true',
    'global.mtls.enabled: false',
    'global.outboundTrafficPolicy.mode: ALLOW_ANY',
    'global.policyCheckFailOpen: false',
    'global.proxy.accessLogEncoding: TEXT',
    'global.proxy.concurrency: 2',
    'global.proxy.dnsRefreshRate: 300s',
    'global.proxy.envoyAccessLogService.enabled: false',
    'global.proxy.envoyMetricsService.enabled: false',
    'global.proxy.envoyMetricsService.tcpKeepalive.interval: 10s',
    'global.proxy.envoyMetricsService.tcpKeepalive.probes: 3',
    'global.proxy.envoyMetricsService.tcpKeepalive.time: 10s',
    'global.proxy.envoyMetricsService.tlsSettings.mode: DISABLE',
    'global.proxy.includeInboundPorts: *',
    'global.proxy.protocolDetectionTimeout: 100ms',
    'global.sds.enabled: false',
    'global.tracer.lightstep.secure: true',
    'sidecarInjectorWebhook.image: sidecar_injector',
    'sidecarInjectorWebhook.selfSigned: false',
  ],
  'Service istio-pilot.ports': [
    '[grpc-xds].name: grpc-xds',
    '[grpc-xds].port: 15010',
    '[https-xds].name: https-xds',
    '[https-xds].port: 15011',
    '[https-dns].name: https-dns',
    '[https-dns].port: 15012',
    '[http-legacy-discovery].name: http-legacy-discovery',
    '[http-legacy-discovery].port: 8080',
    '[http-monitoring].name: http-monitoring',
    '[http-monitoring].port: 15014',
    '[https-webhook].name: https-webhook',
    '[https-webhook].port: 443',
  ],
};

const SINCE_1_5 = new Set(
  Object.entries(DEFAULTS_OF_1_5).flatMap(([prefix, settings]) => settings.map((setting) => `${prefix}${setting}`)),
);

/** Whether a difference comes with the version alone. */
export function ofVersion(source: string, { path, old }: LostSetting): boolean {
  return source.startsWith('1.5.') && SINCE_1_5.has(`${path}: ${old}`);
}
