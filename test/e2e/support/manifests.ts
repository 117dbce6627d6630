/** Any object, as kubectl applies it. */
export type Manifest = Readonly<Record<string, unknown>>;

/** What a pod template says beside its one container. */
export interface TemplateOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly requests?: object;
  /** Who owns the workload itself. */
  readonly owned?: object;
}

/** A namespace that a test makes, marked as such. */
export function namespace(name: string, labels: object = { 'istio-injection': 'enabled' }): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { situation: 'preflight', ...labels } } };
}

/** An object of a type such as `apps/v1 Deployment`, at `namespace/name`. */
export function object(type: string, place: string, rest: object, more: object = {}): Manifest {
  const [apiVersion, kind] = type.split(' ');
  const [in_, name] = place.split('/');
  return { apiVersion, kind, metadata: { name, namespace: in_, ...more }, ...rest };
}

/** A pod template with one container. */
export function template(name: string, { labels, annotations, spec, requests }: TemplateOptions = {}): object {
  const app = { name: 'app', image: `registry.example/${name}:1`, ...(requests ? { resources: { requests } } : {}) };
  return { metadata: { labels: { app: name, ...labels }, annotations }, spec: { containers: [app], ...spec } };
}

/** A workload with such a template. */
export function workload(kind: string, place: string, spec: object = {}, options: TemplateOptions = {}): Manifest {
  const name = place.split('/')[1] ?? '';
  const serviceName = kind === 'StatefulSet' ? { serviceName: name } : {};
  const selector = { matchLabels: { app: name } };
  const whole = { spec: { selector, template: template(name, options), ...serviceName, ...spec } };
  return object(`apps/v1 ${kind}`, place, whole, options.owned);
}
