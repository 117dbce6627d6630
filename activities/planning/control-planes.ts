import { ISTIO_NAMESPACE } from '../../domain/names.js';
import type { ControlPlane, Finding } from '../../domain/plan.js';
import type { Release } from '../../domain/release.js';
import { checkRevisionGate } from '../../domain/revision-gate.js';
import { checkVersionGate, type GateVerdict } from '../../domain/version-gate.js';
import { compareVersions, parseVersion } from '../../domain/version.js';

/** The control planes of a mesh as a run to a release sees them. */
export interface ControlPlanes {
  /** The one to move away from; null when there is none beside the release's own. */
  readonly source: ControlPlane | null;
  /** Further ones, newest first. The run leaves them and their workloads alone. */
  readonly others: readonly ControlPlane[];
}

/**
 * The control plane to move away from: the newest of those that are not the target's own. What is shared by all of them
 * (CRDs, roles, gateways) is of its version or older, so that nothing goes back by the installation.
 * @param inPlace whether it is replaced where it is: then it may have the target's own revision
 */
export function chooseSource(controlPlanes: readonly ControlPlane[], release: Release, inPlace = false): ControlPlanes {
  const candidates = controlPlanes.filter(({ revision }) => inPlace || revision !== release.revision);
  const [source = null, ...others] = candidates.toSorted((a, b) => newestFirst(a.version, b.version));
  return { source, others };
}

function newestFirst(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return compareVersions(right, left);
}

/** What the version gate says of one of several control planes. */
export function gateOf({ deployment, version }: ControlPlane, release: Release): GateVerdict {
  return judge(version, release, `Deployment ${ISTIO_NAMESPACE}/${deployment}`);
}

/** Each driver has its own rules. */
function judge(version: string, release: Release, name?: string): GateVerdict {
  return release.driver === 'istio-revisioned'
    ? checkRevisionGate(version, release, name)
    : checkVersionGate(version, release, name);
}

/**
 * Guide, step 0: why the upgrade must not begin; nothing where it may. With several control planes each is named and
 * judged for itself, because the way of one says nothing about the others.
 */
export function gateFindings(source: ControlPlane, others: readonly ControlPlane[], release: Release): Finding[] {
  const verdict = others.length === 0 ? judge(source.version, release) : gateOf(source, release);
  if (verdict.ok) return [];
  return [refusal(verdict), ...others.map((other) => ofOther(other, source, release))];
}

function refusal({ reason, message, remedy }: Extract<GateVerdict, { ok: false }>): Finding {
  return { check: 'MESH001', severity: 'blocker', reason, message, remedy };
}

function ofOther(other: ControlPlane, source: ControlPlane, release: Release): Finding {
  const verdict = gateOf(other, release);
  if (!verdict.ok) return refusal(verdict);
  const { deployment, version } = other;
  return {
    check: 'MESH001',
    severity: 'info',
    reason: 'OtherControlPlane',
    message: `Deployment ${ISTIO_NAMESPACE}/${deployment} runs ${version} and could go to ${release.version}, but the newest control plane decides, which is ${source.deployment}.`,
    remedy: `Remove ${source.deployment} if nothing uses it, and plan again; or move what ${deployment} serves to revision ${source.revision}.`,
  };
}
