/** What is looked at of a rule. Not its own type, which is made with the help of this file. */
interface WaveRule {
  readonly name: string;
  readonly namespaces?: readonly string[] | undefined;
  readonly percent?: number | undefined;
  readonly exclude: readonly string[];
}

/** Waves that a driver adds after those of the policy, and the gate of the last wave: no rule may be called so. */
const TAKEN: readonly string[] = ['nodes', 'gateways', 'finalize'];
/** Where everything goes that no rule names. */
export const REST = 'rest';

/** One thing that is wrong with the waves of a policy by themselves, whatever the cluster. */
interface RuleProblem {
  /** Where in the list of waves. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What is wrong with waves that no cluster could mend: names that are not unique, percentages that go down. */
export function problemsOfRules(rules: readonly WaveRule[]): RuleProblem[] {
  return rules.flatMap((rule, index) => [
    ...nameProblems(rules, index).map((message) => ({ path: [index, 'name'], message })),
    ...percentProblems(rules, index).map((message) => ({ path: [index, 'percent'], message })),
    ...(rule.exclude.some((name) => rule.namespaces?.includes(name) === true)
      ? [{ path: [index, 'exclude'], message: `wave ${rule.name} both names and excludes a namespace` }]
      : []),
  ]);
}

function nameProblems(rules: readonly WaveRule[], index: number): string[] {
  const name = rules[index]?.name ?? '';
  if (TAKEN.includes(name)) return [`a wave cannot be called ${name}: that name is taken`];
  if (rules.findIndex((rule) => rule.name === name) < index) return [`two waves are called ${name}`];
  if (name === REST && index < rules.length - 1)
    return [`only the last wave can be called ${REST}: what no rule names joins it`];
  return [];
}

function percentProblems(rules: readonly WaveRule[], index: number): string[] {
  const percent = rules[index]?.percent;
  const before = rules.slice(0, index).findLast((rule) => rule.percent !== undefined)?.percent;
  if (percent === undefined || before === undefined || percent >= before) return [];
  return [`percentages count all pods moved so far, so ${percent} cannot come after ${before}`];
}
