import js from '@eslint/js';
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

/** Workflow code runs in Temporal's deterministic sandbox: nothing of Node, no client, no clock of the outside. */
const nodeBuiltins = builtinModules.filter((name) => name !== 'assert').flatMap((name) => [name, `node:${name}`]);
const outsideWorld = [
  '@temporalio/client',
  '@temporalio/worker',
  '@temporalio/activity',
  '@kubernetes/client-node',
  'execa',
  'fastify',
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      // An async update validator wedges a workflow for ever; this rule is what catches it.
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `env['NAME']` is how noPropertyAccessFromIndexSignature-style access is written here.
      '@typescript-eslint/dot-notation': 'off',
      // A loop around `await` is how a story or a bounded retry is written.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what a file exports.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
      ],
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', 400],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [...nodeBuiltins, ...outsideWorld].map((name) => ({
            name,
            message: 'Workflow code is deterministic: do this in an activity.',
          })),
          patterns: [
            { group: ['**/activities/**'], allowTypeImports: true, message: 'Import only types of activities.' },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'setInterval', 'fetch', 'Buffer'],
    },
  },
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [...nodeBuiltins, ...outsideWorld, '@temporalio/workflow'].map((name) => ({
            name,
            message: 'The domain is pure.',
          })),
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'max-lines': ['error', 500], '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['*.config.ts', '*.config.js', '*.cjs', '**/*.mjs'],
    rules: { 'no-restricted-syntax': 'off' },
    languageOptions: { globals: { module: 'writable', URL: 'readonly', process: 'readonly' } },
  },
);
