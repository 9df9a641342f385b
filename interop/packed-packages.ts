/**
 * The packages of the workspace as their users get them: their sub-paths, their tarballs, and an installation of all
 * tarballs in a folder of its own.
 *
 * What this does not do: build. The tarballs hold what lies in `dist`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run, TOP } from './run-program.ts';

/** What is looked at in a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Record<string, string>;
  readonly bin?: Record<string, string>;
  readonly exports: Record<string, Record<string, string> | string | null>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly packageManager?: string;
}

/** A package of the workspace. Sub-paths are written as an import has them: `@inline-ipsec/eal/memory`. */
export interface WorkspacePackage {
  readonly name: string;
  readonly folder: string;
  readonly manifest: Manifest;
  /** All modules of `src` that are published, without `src/` and `.ts`: not tests, and not what only tests use. */
  readonly modules: readonly string[];
  /** What a browser can import as well. */
  readonly portable: readonly string[];
  /** What takes Node. */
  readonly node: readonly string[];
  /** Modules that nobody outside shall reach: `_private` ones, and `node/…` and `linux/…` where those have names of their own. */
  readonly closed: readonly string[];
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** All files under a folder, relative to it, with `/`. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** Every package that is published, libraries first. */
export function workspacePackages(): WorkspacePackage[] {
  return ['packages', 'apps']
    .flatMap((group) => readdirSync(join(TOP, group)).map((name) => join(TOP, group, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map(describePackage);
}

function describePackage(folder: string): WorkspacePackage {
  const manifest = readManifest(folder);
  const { name } = manifest;
  const modules = filesUnder(join(folder, 'src'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/(^|\/)testing\//.test(file))
    .map((file) => file.slice(0, -'.ts'.length));
  // Code for one system is behind a few names of its own, but where its whole folder is open.
  const systems = ['node', 'linux'].filter((system) => !manifest.exports[`./${system}/*`]);
  const isClosed = (module: string): boolean => /(^|\/)_/.test(module) || systems.includes(module.split('/')[0]);
  const isPortable = (module: string): boolean => !isClosed(module) && !/^(node|linux)\//.test(module);
  const named = Object.entries(manifest.exports)
    .filter(([key, target]) => target !== null && !key.includes('*') && key !== './package.json')
    .map(([key]) => key);
  return {
    name,
    folder,
    manifest,
    modules,
    portable: modules.filter(isPortable).map((module) => `${name}/${module}`),
    node: [
      ...named.map((key) => `${name}${key.slice(1)}`),
      ...modules.filter((module) => !isClosed(module) && !isPortable(module)).map((module) => `${name}/${module}`),
    ],
    closed: modules.filter(isClosed).map((module) => `${name}/${module}`),
  };
}

/** The files that a build makes of a package: of every module, and the programs that its commands start. */
export function buildOf({ folder, manifest, modules }: WorkspacePackage): string[] {
  const programs = Object.values(manifest.bin ?? {}).flatMap((bin) => {
    const imports = readFileSync(join(folder, bin), 'utf8').matchAll(/(?: from |\bimport\()'\.\.\/(dist\/[^']+)'/g);
    return [...imports].map(([, file]) => file);
  });
  return [...new Set([...modules.flatMap((module) => [`dist/${module}.js`, `dist/${module}.d.ts`]), ...programs])];
}

/** Those of them that are not there. */
export function unbuilt(each: WorkspacePackage): string[] {
  return buildOf(each).filter((file) => !existsSync(join(each.folder, file)));
}

/** Packs all packages into a folder, as a release does; returns the tarballs by package name. */
export async function packAll(into: string): Promise<Map<string, string>> {
  const packageManager = readManifest(TOP).packageManager ?? 'pnpm';
  const filters = ['--filter', './packages/*', '--filter', './apps/*'];
  const pack = ['-r', ...filters, 'pack', '--json', '--pack-destination', into];
  // This version is asked for by name, so that pnpm need not look for it in the registry.
  const env = { PNPM_CONFIG_PM_ON_FAIL: 'ignore' };
  const { status, stdout, stderr } = await run('npx', ['-y', packageManager, ...pack], TOP, { env });
  if (status !== 0) throw new Error(`pnpm pack ended with ${status}: ${stderr}${stdout}`);
  const packed = JSON.parse(stdout) as { name: string; filename: string }[];
  return new Map(packed.map(({ name, filename }) => [name, filename]));
}

/**
 * Installs the tarballs together with npm, without the registry: what they need from outside is taken from the
 * workspace's own installation, and what is optional is left out.
 */
export async function installAll(
  packages: readonly WorkspacePackage[],
  tarballs: ReadonlyMap<string, string>,
  into: string,
): Promise<void> {
  const dependencies: Record<string, string> = {};
  for (const { name, folder, manifest } of packages) {
    dependencies[name] = `file:${tarballs.get(name)}`;
    for (const needed of Object.keys(manifest.dependencies ?? {})) {
      if (tarballs.has(needed)) continue;
      dependencies[needed] = `file:${realpathSync(join(folder, 'node_modules', needed))}`;
    }
  }
  mkdirSync(into, { recursive: true });
  const consumer = { name: 'consumer', private: true, type: 'module', dependencies };
  writeFileSync(join(into, 'package.json'), JSON.stringify(consumer, null, 2));
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--no-update-notifier', '--loglevel=error'];
  const offline = ['--offline', '--install-links', '--ignore-scripts', '--omit=optional', `--cache=${into}/.npm`];
  const { status, stdout, stderr } = await run('npm', ['install', `--prefix=${into}`, ...offline, ...quiet], into);
  if (status !== 0) throw new Error(`npm install ended with ${status}: ${stderr}${stdout}`);
}
