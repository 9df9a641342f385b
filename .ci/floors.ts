/**
 * The floors of the house: which package stands on which. An import goes down, never up or sideways to what is not
 * declared; the model of the 82599 and its driver meet in registers and memory only; portable code touches no Node module.
 */

/** From the ground up. A package may import any package before it in this list that its package.json declares. */
export const FLOORS: readonly string[] = [
  '@inline-ipsec/eal',
  '@inline-ipsec/mbuf',
  '@inline-ipsec/net',
  '@inline-ipsec/wire',
  '@inline-ipsec/ethdev',
  '@inline-ipsec/cryptodev',
  '@inline-ipsec/security',
  '@inline-ipsec/ixgbe',
  '@inline-ipsec/acl',
  '@inline-ipsec/lpm',
  '@inline-ipsec/ipsec',
  '@inline-ipsec/pktgen',
  'ipsec-secgw',
];

/** What library packages may use from outside the project. */
const LIBRARIES = /^(@noble\/(ciphers|hashes)|koffi)(\/|$)/;

/** Modules of Node, with or without `node:`. */
const NODE_MODULE =
  /^(node:.*|assert|buffer|child_process|cluster|crypto|dgram|dns|events|fs|http2?|https|module|net|os|path|perf_hooks|process|readline|stream|timers|tls|tty|url|util|v8|vm|worker_threads|zlib)(\/|$)/;

/** Names that only Node gives to everybody. The type-check of portable code knows none of them either. */
const NODE_GLOBAL = /(?<![.\w#'"`/*-])(?:(Buffer|process)\s*[.[]|(__dirname|__filename)\b)/;

/** One source file, as the checks see it. */
export interface SourceFile {
  /** From the top of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Name and declared dependencies of the package that it is in. */
  readonly packageName: string;
  readonly declared: readonly string[];
}

/** All that one file does against the floors, as sentences; empty when all is well. */
export function floorViolations(file: SourceFile): string[] {
  const test = /\.test\.ts$/.test(file.path);
  const portable = !test && !/\/src\/(testing\/)?(node|linux)\//.test(file.path) && !/^interop\//.test(file.path);
  const violations: string[] = [];
  const say = (what: string) => violations.push(`${file.path}: ${what}`);
  for (const specifier of importsOf(file.text)) {
    if (specifier.startsWith('.')) {
      const target = resolve(file.path, specifier);
      if (!target.startsWith(`${packageFolder(file.path)}/`)) say(`reaches out of its package to ${specifier}`);
      if (/\/src\/silicon\//.test(file.path) && /\/src\/driver\//.test(target)) say('the silicon imports the driver');
      if (/\/src\/driver\//.test(file.path) && /\/src\/silicon\//.test(target)) say('the driver imports the silicon');
      if (portable && /\/src\/(testing\/)?(node|linux)\//.test(target)) say(`portable code imports ${specifier}`);
      continue;
    }
    if (NODE_MODULE.test(specifier)) {
      if (portable) say(`portable code imports ${specifier}`);
      continue;
    }
    const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    if (name === file.packageName) say(`imports itself by its name: ${specifier}`);
    else if (!file.declared.includes(name) && !test)
      say(`imports ${specifier}, which its package.json does not declare`);
    const from = FLOORS.indexOf(file.packageName);
    const to = FLOORS.indexOf(name);
    if (from >= 0 && to > from) say(`imports ${specifier}, which lies above it`);
    if (!test && to < 0 && file.path.startsWith('packages/') && !LIBRARIES.test(specifier)) {
      say(`a library package uses ${specifier}`);
    }
  }
  if (portable) {
    for (const line of file.text.split('\n')) {
      const found = /^\s*(\/?\*|\/\/)/.test(line) ? null : NODE_GLOBAL.exec(line);
      if (found !== null) say(`portable code uses ${found[1] ?? found[2]}`);
    }
  }
  return violations;
}

/** The specifiers of all static and dynamic imports and re-exports, type-only ones included. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statements =
    /(?:^|[\n;])\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]/g;
  return [...code.matchAll(statements)].map((match) => match[1] ?? match[2]);
}

function packageFolder(path: string): string {
  return path.split('/', path.startsWith('interop/') || path.startsWith('.ci/') ? 1 : 2).join('/');
}

function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
