import { endOfLifeOf, supportOf, type EndOfLife } from '../../../domain/istio-support.js';
import type { Check, Found } from '../check.js';

/** An upgrade to what gets no security patches any more is half an upgrade. */
export const endOfLife: Check = endOfLifeOn(() => new Date());

/** @param today asked at each look */
export function endOfLifeOn(today: () => Date): Check {
  return {
    id: 'MESH054',
    look: ({ plan, release }) => {
      if (release.driver !== 'istio-revisioned') return [];
      const source = plan.route?.from.version ?? '';
      return [...ofTarget(release.version, today()), ...ofSource(source, today())];
    },
  };
}

function ofTarget(version: string, today: Date): Found[] {
  const end = endOfLifeOf(version, today);
  if (supportOf(version) === null) {
    return [
      {
        severity: 'info',
        reason: 'EndOfLife',
        message: `This version of Meshlift does not know until when ${version} gets patches.`,
        remedy: 'Look it up in the documentation of the release.',
      },
    ];
  }
  if (end === null || end.state === 'later') return [];
  return [
    {
      reason: 'EndOfLife',
      message: `${version} is of ${end.minor}, which ${end.state === 'over' ? 'gets no patches any more since' : 'gets patches only until'} ${dateText(end)}.`,
      remedy: 'Choose a release of a newer minor, or plan the next upgrade soon.',
    },
  ];
}

function ofSource(version: string, today: Date): Found[] {
  const end = endOfLifeOf(version, today);
  if (end?.state !== 'over') return [];
  return [
    {
      severity: 'info',
      reason: 'EndOfLife',
      message: `The mesh runs ${version}, of ${end.minor}, which gets no patches any more since ${dateText(end)}.`,
      remedy: 'The upgrade ends that; do not stay there longer than needed.',
    },
  ];
}

function dateText({ date, expected }: EndOfLife): string {
  return expected ? `${date} (expected)` : date;
}
