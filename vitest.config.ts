import { defineConfig } from 'vitest/config';

// Inside the workspace every package is taken from its sources, so that tests need no build.
const conditions = ['@inline-ipsec/source', 'node', 'import', 'module', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'interop/**/*.test.ts', '.ci/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    reporters: ['default', 'json', './.ci/skip-reporter.ts'],
    outputFile: { json: 'node_modules/.cache/test-results.json' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
