import { isAsked } from '../driver-checks.js';
import type { DriverName } from '../driver.js';
import type { Finding, Waiver } from '../plan.js';
import { CHECK_IDS, CHECKS, isWaivable, type CheckResult } from './catalogue.js';

/** The worse it is, the earlier it is shown. */
const WORST_FIRST: readonly Finding['severity'][] = ['blocker', 'unknown', 'warning', 'info'];

/** Whether a finding keeps the run from beginning. */
export function isBlocking({ severity, waived }: Finding): boolean {
  return waived === undefined && (severity === 'blocker' || severity === 'unknown');
}

/** Worst first, then by check. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity }: Finding) => WORST_FIRST.indexOf(severity);
  return [...findings].sort((a, b) => rank(a) - rank(b) || a.check.localeCompare(b.check));
}

/** Marks what the waivers cover. A waiver of a check that cannot be waived covers nothing. */
export function applyWaivers(findings: readonly Finding[], waivers: readonly Waiver[]): Finding[] {
  return findings.map((finding) => {
    const waiver = waivers.find(({ check }) => check === finding.check);
    return waiver !== undefined && isWaivable(finding.check) ? { ...finding, waived: waiver.reason } : finding;
  });
}

/** The verdict of every check that a driver has use for, after all of them were asked. */
export function verdictsOf(findings: readonly Finding[], driver: DriverName): CheckResult[] {
  return CHECK_IDS.filter((check) => isAsked(check, driver)).map((check) => {
    const { title, group } = CHECKS[check];
    const worst = inOrder(findings.filter((finding) => finding.check === check))[0];
    return { check, title, group, verdict: worst?.severity ?? 'pass' };
  });
}
