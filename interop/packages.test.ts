/**
 * The packages as their users get them: packed, judged by publint and attw, installed together from their tarballs by
 * npm, and used by every sub-path, from Node, from TypeScript and by a bundler for browsers.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildOf,
  filesUnder,
  installAll,
  packAll,
  readManifest,
  unbuilt,
  workspacePackages,
} from './packed-packages.ts';
import { type Run, run, TOP, tool } from './run-program.ts';

const PACKAGES = workspacePackages();
const BY_NAME = PACKAGES.map((each) => [each.name, each] as const);
const portable = PACKAGES.flatMap((each) => each.portable);
const forNode = PACKAGES.flatMap((each) => each.node);
const closed = PACKAGES.flatMap((each) => each.closed);

const folder = mkdtempSync(join(tmpdir(), 'inline-ipsec-packages-'));
const consumer = join(folder, 'consumer');
let tarballs: Map<string, string>;

beforeAll(async () => {
  const missing = PACKAGES.flatMap((each) => unbuilt(each).map((file) => `${each.name}/${file}`));
  if (missing.length > 0) {
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    throw new Error(`packages are not built: run \`npm run setup\`; missing ${missing.slice(0, 3).join(', ')}${more}`);
  }
  tarballs = await packAll(folder);
  await installAll(PACKAGES, tarballs, consumer);
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Where npm has put a package. */
function installed(name: string): string {
  return join(consumer, 'node_modules', name);
}

function expectSuccess({ status, stdout, stderr }: Run): void {
  expect(status, `${stderr}${stdout}`.slice(-4000)).toBe(0);
}

describe('every tarball', () => {
  it('is there', () => {
    expect([...tarballs.keys()].sort()).toEqual(PACKAGES.map(({ name }) => name).sort());
  });

  it.each(BY_NAME)('of %s has a manifest that npm and bundlers understand', (name, { manifest }) => {
    const packed = readManifest(installed(name));
    expect(packed).toMatchObject({
      name,
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
    });
    expect(JSON.stringify(packed.exports)).toBe(JSON.stringify(manifest.exports));
    const needed = { ...packed.dependencies, ...packed.optionalDependencies };
    for (const [other, range] of Object.entries(needed)) {
      expect(range, `${name} needs ${other}`).toMatch(/^\^?\d+\.\d+\.\d+$/);
      const sibling = PACKAGES.find((each) => each.name === other);
      if (sibling !== undefined) expect(range).toBe(`^${sibling.manifest.version}`);
    }
  });

  it.each(BY_NAME)('of %s holds all that was built of it, its sources, README and licence', (name, each) => {
    const files = filesUnder(installed(name));
    const sources = each.modules.map((module) => `src/${module}.ts`);
    const commands = Object.values(each.manifest.bin ?? {}).map((bin) => bin.slice('./'.length));
    const wanted = ['LICENSE', 'README.md', 'package.json', ...commands, ...buildOf(each), ...sources];
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
    const unwanted = /\.test\.|(^|\/)(testing|node_modules|\.turbo)\/|\.tsbuildinfo$/;
    expect(files.filter((file) => unwanted.test(file))).toEqual([]);
    const left = files.filter((file) => /^dist\/.*\.js$/.test(file) && !wanted.includes(file));
    if (left.length > 0) console.warn(`${name}: ${left.join(', ')} is of an earlier build; releases have a clean one`);
  });

  it.each(BY_NAME)('of %s has source maps that lead to its sources', (name, { modules }) => {
    const from = installed(name);
    for (const map of modules.flatMap((module) => [`dist/${module}.js.map`, `dist/${module}.d.ts.map`])) {
      const { sources } = JSON.parse(readFileSync(join(from, map), 'utf8')) as { sources: string[] };
      for (const source of sources)
        expect(existsSync(join(from, dirname(map), source)), `${map}: ${source}`).toBe(true);
    }
  });
});

describe('the judges of packages', () => {
  it.concurrent.each(BY_NAME)('publint finds nothing in %s', async (name) => {
    const judged = await run(tool('publint'), ['run', tarballs.get(name) ?? '', '--strict'], folder);
    expectSuccess(judged);
    expect(judged.stdout).toContain('All good!');
  });

  it.concurrent.each(BY_NAME)(
    'attw resolves every sub-path of %s from ESM and bundlers, with its types',
    async (name, each) => {
      const subPaths = [...each.portable, ...each.node].map((path) => `.${path.slice(name.length)}`);
      const judging = ['--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-definitely-typed'];
      const judged = await run(
        tool('attw'),
        [tarballs.get(name) ?? '', ...judging, '--entrypoints', ...subPaths, './package.json'],
        folder,
      );
      expectSuccess(judged);
    },
  );
});

describe('a program that has installed all packages', () => {
  it('imports every sub-path in Node, and none of them prints or keeps it running', async () => {
    const { loaded } = await importAll([...portable, ...forNode]);
    expect(loaded.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(loaded).toHaveLength(portable.length + forNode.length);
  });

  it('cannot import what is private', async () => {
    expect(closed.length).toBeGreaterThan(0);
    const { loaded } = await importAll(closed);
    expect(loaded.filter(({ error }) => error !== 'ERR_PACKAGE_PATH_NOT_EXPORTED')).toEqual([]);
  });

  it.each([
    ['portable sub-paths without the types of any platform', portable, { types: [] }],
    [
      'portable sub-paths as bundlers resolve them, beside the DOM',
      portable,
      { types: [], lib: ['es2023', 'dom'], module: 'esnext', moduleResolution: 'bundler' },
    ],
    [
      'sub-paths for Node beside its types',
      forNode,
      { types: ['node'], typeRoots: [join(TOP, 'node_modules/@types')] },
    ],
  ])('type-checks %s', async (_what, subPaths, compilerOptions) => {
    expect(subPaths.length).toBeGreaterThan(0);
    expectSuccess(await typeCheck(importText(subPaths), compilerOptions));
  });

  it('gets types that say what is wrong', async () => {
    const right = `
      import { Memory } from '@inline-ipsec/eal/memory';
      import { Ring } from '@inline-ipsec/mbuf/ring';
      const memory: Memory = Memory.create({ bytes: 0x10_0000 });
      const ring: Ring = Ring.create(memory, 'ring', 8);
      export const count: number = ring.count;
    `;
    expectSuccess(await typeCheck(right, { types: [] }));
    const { status, stdout } = await typeCheck(`${right} Ring.create(memory, 8, 'ring');`, { types: [] });
    expect(status).not.toBe(0);
    expect(stdout).toContain('TS2345');
  });

  it('bundles every portable sub-path for a browser', async () => {
    const out = join(consumer, 'bundle.js');
    const args = [
      '--bundle',
      '--platform=browser',
      '--format=esm',
      '--loader=ts',
      '--log-level=warning',
      `--outfile=${out}`,
    ];
    const bundled = await run(tool('esbuild'), args, consumer, { input: importText(portable) });
    expectSuccess(bundled);
    expect(bundled.stderr).toBe('');
  });

  it('runs the demo with `ipsec-secgw demo`', async () => {
    const demo = await run(join(consumer, 'node_modules/.bin/ipsec-secgw'), ['demo'], consumer);
    expectSuccess(demo);
    expect(demo.stdout.trimEnd().split('\n').at(-1)).toBe('All is as expected.');
  });

  it('works without koffi: every sub-path can be imported, and the demo runs', async () => {
    const [here, away] = [installed('koffi'), installed('koffi-away')];
    renameSync(here, away);
    try {
      const { loaded } = await importAll([...portable, ...forNode]);
      expect(loaded.filter(({ error }) => error !== undefined)).toEqual([]);
      expectSuccess(await run(join(consumer, 'node_modules/.bin/ipsec-secgw'), ['demo'], consumer));
    } finally {
      renameSync(away, here);
    }
  });

  it('has every command that the packages promise', async () => {
    const commands = PACKAGES.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}));
    expect(commands.sort()).toEqual(['inline-ipsec-pktgen', 'ipsec-secgw']);
    for (const command of commands) {
      expectSuccess(await run(join(consumer, 'node_modules/.bin', command), ['--help'], consumer));
    }
  });
});

/** TypeScript that imports all these and uses each. */
function importText(subPaths: readonly string[]): string {
  const imports = subPaths.map((path, i) => `import * as module${i} from '${path}';`);
  const uses = subPaths.map((_path, i) => `module${i}`);
  return `${imports.join('\n')}\nexport const modules: readonly object[] = [${uses.join(', ')}];\n`;
}

/** Imports each of these in one new Node process, and says for each that fails with which error. */
async function importAll(subPaths: readonly string[]): Promise<{ loaded: { path: string; error?: string }[] }> {
  const program = join(consumer, 'import-all.js');
  const text = `
    import { readFileSync } from 'node:fs';
    const loaded = [];
    for (const path of JSON.parse(readFileSync(0, 'utf8'))) {
      try {
        await import(path);
        loaded.push({ path });
      } catch (error) {
        loaded.push({ path, error: error.code ?? String(error) });
      }
    }
    console.log(JSON.stringify({ loaded }));
  `;
  writeFileSync(program, text);
  const imported = await run(process.execPath, [program], consumer, { input: JSON.stringify(subPaths) });
  expectSuccess(imported);
  return JSON.parse(imported.stdout) as { loaded: { path: string; error?: string }[] };
}

/** Type-checks one file as a strict user of the packages would, their declaration files included. */
async function typeCheck(text: string, compilerOptions: object): Promise<Run> {
  const file = join(consumer, 'consumer.ts');
  const project = join(consumer, 'tsconfig.json');
  writeFileSync(file, text);
  const strict = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
  };
  writeFileSync(project, JSON.stringify({ compilerOptions: { ...strict, ...compilerOptions }, files: [file] }));
  return run(tool('tsc'), ['-p', project], consumer);
}
