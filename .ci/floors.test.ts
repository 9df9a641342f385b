import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FLOORS, floorViolations, importsOf } from './floors.ts';

const top = dirname(dirname(fileURLToPath(import.meta.url)));

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

function packageFolders(): string[] {
  return ['packages', 'apps']
    .flatMap((group) => readdirSync(join(top, group)).map((name) => join(top, group, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')));
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function violationsIn(path: string, text: string, packageName = '@inline-ipsec/net', declared = ['@inline-ipsec/eal']) {
  return floorViolations({ path, text, packageName, declared });
}

describe('the floors', () => {
  it.each(packageFolders().map((folder) => [relative(top, folder), folder]))('%s keeps to them', (_name, folder) => {
    const manifest = manifestOf(folder);
    const declared = Object.keys({
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
    });
    const violations = sourcesOf(folder).flatMap((path) =>
      floorViolations({
        path: relative(top, path),
        text: readFileSync(path, 'utf8'),
        packageName: manifest.name,
        declared,
      }),
    );
    expect(violations).toEqual([]);
  });

  it('know every package', () => {
    expect(packageFolders().map((folder) => manifestOf(folder).name)).toEqual(expect.arrayContaining([...FLOORS]));
    expect(packageFolders()).toHaveLength(FLOORS.length);
  });

  it('stop an import that goes up', () => {
    const text = "import { EthPort } from '@inline-ipsec/ethdev/port';";
    expect(violationsIn('packages/net/src/x.ts', text, '@inline-ipsec/net', ['@inline-ipsec/ethdev'])).toEqual([
      'packages/net/src/x.ts: imports @inline-ipsec/ethdev/port, which lies above it',
    ]);
  });

  it('stop an import of what is not declared', () => {
    expect(violationsIn('packages/net/src/x.ts', "import { Ring } from '@inline-ipsec/mbuf/ring';")).toEqual([
      'packages/net/src/x.ts: imports @inline-ipsec/mbuf/ring, which its package.json does not declare',
    ]);
  });

  it('stop the silicon and the driver from knowing each other', () => {
    expect(violationsIn('packages/ixgbe/src/silicon/card.ts', "import { x } from '../driver/driver.ts';")).toEqual([
      'packages/ixgbe/src/silicon/card.ts: the silicon imports the driver',
    ]);
    expect(violationsIn('packages/ixgbe/src/driver/driver.ts', "import { x } from '../silicon/card.ts';")).toEqual([
      'packages/ixgbe/src/driver/driver.ts: the driver imports the silicon',
    ]);
    expect(violationsIn('packages/ixgbe/src/driver/driver.ts', "import { x } from '../registers.ts';")).toEqual([]);
  });

  it.each([
    ["import { readFileSync } from 'node:fs';", 'portable code imports node:fs'],
    ["import { readFileSync } from 'fs';", 'portable code imports fs'],
    ["const fs = await import('node:fs');", 'portable code imports node:fs'],
    ["export { open } from './node/open.ts';", 'portable code imports ./node/open.ts'],
    ['const bytes = Buffer.from([1]);', 'portable code uses Buffer'],
    ['process.exit(1);', 'portable code uses process'],
  ])('stop portable code from %s', (text, what) => {
    expect(violationsIn('packages/net/src/x.ts', text)).toEqual([`packages/net/src/x.ts: ${what}`]);
  });

  it('let Node code and tests use Node', () => {
    const text = "import { readFileSync } from 'node:fs';\nBuffer.from([1]);";
    expect(violationsIn('packages/net/src/node/x.ts', text)).toEqual([]);
    expect(violationsIn('packages/net/src/x.test.ts', text)).toEqual([]);
  });

  it('stop a path that reaches into another package', () => {
    expect(violationsIn('packages/net/src/x.ts', "import { x } from '../../eal/src/memory.ts';")).toEqual([
      'packages/net/src/x.ts: reaches out of its package to ../../eal/src/memory.ts',
    ]);
  });

  it('see imports in all their forms, and none in comments', () => {
    const text = [
      "import a from 'a';",
      "import type { B } from 'b';",
      'import {',
      '  c,',
      "} from 'c';",
      "export * from 'd';",
      "import 'e';",
      "const f = await import('f');",
      "// import x from 'x';",
      "/* import y from 'y'; */",
    ].join('\n');
    expect(importsOf(text)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});
