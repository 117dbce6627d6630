/** The import rules of the house: who may know whom. */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      comment: 'domain/ imports nothing but itself and zod.',
      severity: 'error',
      from: { path: '^domain/' },
      to: { pathNot: ['^domain/', '^node_modules/zod/'] },
    },
    {
      name: 'workflows-are-deterministic',
      comment: "workflows/ imports the domain, Temporal's workflow API, and types of activities.",
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        pathNot: ['^domain/', '^workflows/', '^activities/contract', '^node_modules/@temporalio/(workflow|common)/'],
      },
    },
    {
      name: 'workflows-without-node',
      severity: 'error',
      from: { path: '^workflows/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-exec-knows-execa',
      severity: 'error',
      from: { pathNot: ['^activities/exec\\.ts$', '^sandbox/exec\\.ts$', '^test/'] },
      to: { path: '^node_modules/execa/' },
    },
    {
      name: 'activities-do-not-know-their-callers',
      severity: 'error',
      from: { path: '^activities/' },
      to: { path: '^(api|cli|worker|sandbox|workflows)/' },
    },
    {
      name: 'api-does-not-touch-the-cluster',
      comment: 'Only workers have cluster access; the API reads runs through Temporal and the journal.',
      severity: 'error',
      from: { path: '^api/' },
      to: { path: ['^(cli|worker|sandbox)/', '^activities/(?!audit/)'] },
    },
    {
      name: 'nobody-imports-benchmarks',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^bench/' },
    },
    {
      name: 'sandbox-stands-alone',
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^(api|cli|worker|workflows|activities)/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'Benchmarks look at a mesh with the same eyes as the tests.',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
