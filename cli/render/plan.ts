import { isWaivable } from '../../domain/checks/catalogue.js';
import { isBlocking } from '../../domain/checks/verdicts.js';
import { durationText } from '../../domain/duration.js';
import { isInPlace, type GatewayDeployment, type Plan, type TagMove, type Wave } from '../../domain/plan.js';
import { podsOf, type GateStep } from '../../domain/policy/schema.js';
import { stepText } from '../../domain/policy/gate-words.js';
import { takesAllBack } from '../../domain/policy/of-wave.js';
import { stepsOf } from '../../domain/policy/waves-of-plan.js';
import { countsOf, findingSections, verdictLines, type FindingDetail } from './findings.js';
import { createPen, type Pen, type RenderOptions } from './pen.js';
import { counted, joined, wrap } from './text.js';

type PlanOptions = Pick<RenderOptions, 'width' | 'color' | 'ascii'> & FindingDetail;

/**
 * Draws a plan: route, findings, waves, commands, estimate. Commands stand whole, so that they can be copied.
 * With `wide` also every check that passed, and the long commands.
 */
export function renderPlan(plan: Plan, options: PlanOptions): string {
  const pen = createPen(options);
  return joined([
    routeLine(plan, pen),
    ...findingLines(plan, pen, options),
    ...(options.wide === true ? section('Checks', verdictLines(plan.checks ?? [], pen), pen) : []),
    ...section('Waves', waveLines(plan, pen), pen),
    ...section('Budget', budgetLines(plan, pen), pen),
    ...section('Workloads', workloadLines(plan, pen, options), pen),
    ...section(
      'What a person would type',
      plan.commands.map((command) => pen.whole([`  ${command}`])),
      pen,
    ),
    ...section(
      'Estimate',
      wrap(estimate(plan), pen.width - 2).map((text) => pen.line([`  ${text}`])),
      pen,
    ),
    ...section('Plan hash', [pen.whole([`  ${plan.hash}`, 'dim'])], pen),
    ...section('A run of this plan would be rejected', rejectionLines(plan, pen), pen),
  ]);
}

function routeLine({ cluster, release, route }: Plan, pen: Pen): string {
  const { dot, arrow } = pen.glyphs;
  if (route === null) return pen.line([cluster, 'bold'], [` ${dot} no way to ${release}`, 'red']);
  const { from, to } = route;
  return pen.line(
    [cluster, 'bold'],
    [` ${dot} ${from.version} (${from.revision}) ${arrow} ${to.version} (${to.revision})`],
    ...(isInPlace(route) ? ([[` ${dot} in place`, 'yellow']] as const) : []),
  );
}

function findingLines({ findings, checks = [] }: Plan, pen: Pen, detail: FindingDetail): string[] {
  const passed = checks.filter(({ verdict }) => verdict === 'pass').length;
  const counts = [countsOf(findings), checks.length === 0 ? '' : `${counted(passed, 'check')} passed`].filter(Boolean);
  if (counts.length === 0) return [];
  return [
    '',
    ...wrap(`Findings ${pen.glyphs.dot} ${counts.join(', ')}`, pen.width).map((text) => pen.line([text, 'bold'])),
    ...findingSections(findings, pen, detail),
  ];
}

/** The last lines, because findings stand far above them: what keeps a run from beginning, and what helps. */
function rejectionLines({ findings }: Plan, pen: Pen): string[] {
  const checks = [...new Set(findings.filter(isBlocking).map(({ check }) => check))];
  const waivable = checks.filter(isWaivable);
  const others = checks.filter((check) => !isWaivable(check));
  return [
    ...(others.length === 0 ? [] : wrap(`${others.join(', ')} must be mended first.`, pen.width - 2)),
    ...(waivable.length === 0 ? [] : wrap(`Mend ${waivable.join(', ')}, or take the risk with:`, pen.width - 2)),
  ]
    .map((text) => pen.line([`  ${text}`]))
    .concat(waivable.length === 0 ? [] : [pen.whole([`  --waive ${waivable.join(' ')} --reason "..."`, 'cyan'])]);
}

function waveLines({ waves, policy, tags = [], route }: Plan, pen: Pen): string[] {
  const installer = route?.installer === 'helm' ? 'helm upgrade' : 'istioctl install';
  const indented = (text: string) => wrap(text, pen.width - 5).map((line) => pen.line([`     ${line}`]));
  return waves.flatMap((wave, index) => {
    const { name, namespaces, agents = [], gateways = [] } = wave;
    return [
      pen.line(
        [`  ${index + 1}. ${name}`, 'bold'],
        [` ${pen.glyphs.dot} ${counted(namespaces.length, 'namespace')}${beginning(wave)}`],
      ),
      ...tags.filter((move) => move.wave === name).flatMap((move) => tagLines(move, pen)),
      ...indented(namespaces.join(', ')),
      ...agents.flatMap(({ daemonSet }) => indented(`DaemonSet ${daemonSet}: in place, node by node, by ${installer}`)),
      ...gateways.flatMap((gateway) =>
        indented(isInPlace(route) ? inPlaceSentence(gateway) : gatewaySentence(gateway)),
      ),
      ...wrap(gateSentence(wave.gate, stepsOf(wave, policy)), pen.width - 5).map((text) =>
        pen.line([`     ${text}`, 'dim']),
      ),
      ...(takesAllBack(policy, route, wave)
        ? indented('it cannot go back alone: its gate takes back the whole run')
        : []),
    ];
  });
}

function beginning({ firstPercent, order = [] }: Pick<Wave, 'firstPercent' | 'order'>): string {
  return [
    ...(firstPercent === undefined ? [] : [`, ${firstPercent}% of the workloads of each first`]),
    ...(order.length === 0 ? [] : [`, beginning with ${order.join(', ')}`]),
  ].join('');
}

/** What must be behind a wave: `then soak 10m, then gate canary waits for promotion by 2 people`. */
function gateSentence(gate: string, steps: readonly GateStep[]): string {
  if (steps.length === 0) return 'then it goes on by itself';
  const words = steps.map((step) => ('manual' in step ? `gate ${gate} waits for ${stepText(step)}` : stepText(step)));
  return `then ${words.join(', then ')}`;
}

/** What the run keeps of the mesh while it moves, in pods. */
function budgetLines({ policy, totals }: Plan, pen: Pen): string[] {
  const { maxUnavailablePods: pods, maxUnavailablePerNamespace: each, maxConcurrentWorkloads: most } = policy.budget;
  const share = typeof pods === 'string' ? ` (${pods})` : '';
  const atOnce =
    most === 'auto' ? 'as many workloads at once as the cluster bears' : `at most ${most} workloads at once`;
  const text = `at most ${podsOf(pods, totals.pods)} of ${counted(totals.pods, 'pod')} unavailable${share}, ${each} of a namespace; ${atOnce}`;
  return wrap(text, pen.width - 2).map((line) => pen.line([`  ${line}`]));
}

/** How a gateway is moved: what its owner wants to know before anything happens to it. */
function gatewaySentence({ deployment, kind, declared = '' }: GatewayDeployment): string {
  switch (kind) {
    case 'gatewayApi':
      return `gateway ${deployment}: by the label istio.io/rev of Gateway ${declared}, then watched`;
    case 'injected':
      return `gateway ${deployment}: behind a canary, then its own rolling update`;
    case 'installed':
      return `gateway ${deployment}: in place, by istioctl install`;
    default:
      return kind satisfies never;
  }
}

/** In place the installation and istiod have been at it before its wave comes. */
function inPlaceSentence({ deployment, kind }: GatewayDeployment): string {
  const how = {
    gatewayApi: 'istiod rolls it out once it is replaced itself; watched here',
    injected: 'behind a canary, then its own rolling update',
    installed: 'installed with the control plane; restarted here where that did not do it',
  } as const satisfies Record<GatewayDeployment['kind'], string>;
  return `gateway ${deployment}: ${how[kind]}`;
}

/** Moving a tag restarts nothing, but whoever starts meanwhile gets the new sidecar: that is told first. */
function tagLines({ tag, namespaces, gateways = [] }: TagMove, pen: Pen): string[] {
  const users = [...namespaces, ...gateways.map((gateway) => `gateway ${gateway}`)];
  const whom = users.length === 0 ? 'nobody asks for it' : `new pods of ${users.join(', ')}`;
  return wrap(`moves tag ${tag}: ${whom}`, pen.width - 5).map((text) => pen.line([`     ${text}`]));
}

/** What is no plain rolling restart, and how many are; with `wide` every one. */
function workloadLines({ workloads = [] }: Plan, pen: Pen, { wide = false }: FindingDetail): string[] {
  const others = workloads.filter(({ action, strategy }) => action !== 'restart' || strategy !== 'RollingUpdate');
  const plain = workloads.length - others.length;
  const shown = wide ? workloads : others;
  const rest = wide || plain === 0 ? [] : [`${counted(plain, 'workload')} restarted by a plain rolling update`];
  return [...shown.map(({ sentence }) => sentence), ...rest].flatMap((text) =>
    wrap(text, pen.width - 4).map((line, index) => pen.line([`${index === 0 ? '  ' : '    '}${line}`])),
  );
}

function estimate({ totals, estimateMinutes, policy }: Plan): string {
  const { namespaces, workloads, pods } = totals;
  const amount = `${counted(namespaces, 'namespace')}, ${counted(workloads, 'workload')}, ${counted(pods, 'pod')}`;
  const limit = `a gate waits up to ${durationText(policy.timeouts.promotion)}`;
  return `${estimateMinutes.from} to ${estimateMinutes.to} minutes for ${amount}, without the waiting at gates (${limit})`;
}

function section(title: string, lines: readonly string[], pen: Pen): string[] {
  return lines.length === 0 ? [] : ['', pen.line([title, 'bold']), ...lines];
}
