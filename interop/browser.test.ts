/**
 * The demo's core, bundled for a browser, in Debian's headless Chromium: what the page shows is, to the byte, what Node
 * prints. Once from a file, where a page has no SharedArrayBuffer, and once from a cross-origin isolated server, where it
 * has one. No Node module gets into the bundle.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nodeEnvironment } from '@inline-ipsec/eal/node-environment';
import { type DemoResult, runDemo } from 'ipsec-secgw/demo/demo';
import { demoText } from 'ipsec-secgw/demo/demo-text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookFor } from './foreign-programs.ts';
import { run, tool } from './run-program.ts';

const here = dirname(fileURLToPath(import.meta.url));
const chromium = lookFor('chromium', 'chromium', '--version');

/** Time, chance and the output come from the page's own platform. */
const ENTRY = `
import { platformEnvironment } from '@inline-ipsec/eal/environment';
import { runDemo } from 'ipsec-secgw/demo/demo';
import { demoText } from 'ipsec-secgw/demo/demo-text';

function show(id, text) {
  const place = document.createElement('pre');
  place.id = id;
  place.textContent = text;
  document.body.append(place);
}

show('memory', typeof SharedArrayBuffer === 'undefined' ? 'ArrayBuffer' : 'SharedArrayBuffer');
try {
  const result = runDemo(platformEnvironment());
  show('text', demoText(result));
  show('json', JSON.stringify(result, null, 2));
} catch (error) {
  show('error', error.stack ?? String(error));
}
`;
const PAGE = '<!doctype html><meta charset="utf-8"><title>demo</title><body><script src="demo.js"></script>';

/** What esbuild says about the files of a bundle. */
interface Bundle {
  /** Every file in it, by path. */
  readonly inputs: readonly string[];
  /** What it still wants from outside. */
  readonly externals: readonly string[];
}

/** Bundles an entry as a web page would have it, from the sources. */
async function bundle(entry: string, folder: string): Promise<Bundle> {
  const metafile = join(folder, 'meta.json');
  const args = ['--bundle', '--platform=browser', '--conditions=@inline-ipsec/source', '--format=iife', '--loader=ts'];
  const files = [`--outfile=${join(folder, 'demo.js')}`, `--metafile=${metafile}`];
  const { status, stderr } = await run(tool('esbuild'), [...args, ...files, '--log-level=warning'], here, {
    input: entry,
  });
  if (status !== 0) throw new Error(`esbuild: ${stderr}`);
  const { inputs, outputs } = JSON.parse(readFileSync(metafile, 'utf8')) as {
    inputs: Record<string, { imports: { path: string; external?: boolean }[] }>;
    outputs: Record<string, { imports: { path: string; external?: boolean }[] }>;
  };
  const imports = [...Object.values(inputs), ...Object.values(outputs)].flatMap((file) => file.imports);
  return {
    inputs: Object.keys(inputs),
    externals: imports.filter(({ external }) => external === true).map(({ path }) => path),
  };
}

/** The texts that a page has written into itself, by their names. */
async function open(url: string, profile: string): Promise<Map<string, string>> {
  const { status, stdout, stderr } = await run(
    'chromium',
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
      ...[`--user-data-dir=${profile}`, '--dump-dom', url],
    ],
    here,
  );
  if (status !== 0) throw new Error(`chromium ended with ${status}: ${stderr.slice(-2000)}`);
  const texts = [...stdout.matchAll(/<pre id="(\w+)">([^<]*)<\/pre>/g)];
  return new Map(texts.map(([, id, text]) => [id, decode(text)]));
}

const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&nbsp;': '\u00a0' };

/** The text of a text node, from what a browser serializes it to. */
function decode(html: string): string {
  return html.replace(/&(amp|lt|gt|nbsp);/g, (entity) => ENTITIES[entity]);
}

/** Serves a folder's page and script with the headers that give a page its SharedArrayBuffer. */
function serve(folder: string): Promise<Server> {
  const types: Record<string, string> = { '/index.html': 'text/html', '/demo.js': 'text/javascript' };
  const server = createServer(({ url = '' }, response) => {
    const type = types[url];
    response.writeHead(type === undefined ? 404 : 200, {
      'content-type': `${type ?? 'text/plain'}; charset=utf-8`,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(type === undefined ? '' : readFileSync(join(folder, url)));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe('the demo in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inline-ipsec-browser-'));
  let inNode: DemoResult;
  let bundled: Bundle;

  beforeAll(async () => {
    inNode = runDemo(nodeEnvironment());
    bundled = await bundle(ENTRY, folder);
    writeFileSync(join(folder, 'index.html'), PAGE);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  /** What a page shows is what Node prints. */
  function expectTheSame(shown: Map<string, string>): void {
    expect(shown.get('error')).toBeUndefined();
    expect(shown.get('text')).toBe(demoText(inNode));
    expect(shown.get('json')).toBe(JSON.stringify(inNode, null, 2));
    expect(inNode.ok).toBe(true);
  }

  it('is a bundle of portable code alone', () => {
    expect(bundled.externals).toEqual([]);
    expect(bundled.inputs.filter((path) => /(^|\/)src\/(node|linux)\//.test(path))).toEqual([]);
    expect(bundled.inputs.filter((path) => /^node:|^\(disabled\)/.test(path))).toEqual([]);
    // The whole way is in it: the card's silicon, its driver, the gateway.
    for (const part of ['ixgbe/src/silicon/card.ts', 'ixgbe/src/driver/ixgbe-driver.ts', 'datapath/lcore-loop.ts']) {
      expect(bundled.inputs.some((path) => path.endsWith(part))).toBe(true);
    }
  });

  it.each([
    ["import '@inline-ipsec/eal/node-environment';", 'node:'],
    ["import { readFileSync } from 'node:fs'; readFileSync('x');", 'node:fs'],
    ["import fs from 'fs'; fs.readFileSync('x');", '"fs"'],
  ])('is not made when a Node module gets in: %s', async (entry, named) => {
    const other = mkdtempSync(join(tmpdir(), 'inline-ipsec-browser-'));
    try {
      await expect(bundle(entry, other)).rejects.toThrow(named);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  it.skipIf(!chromium.here)(
    `shows in a page of a file what Node prints, text and JSON${chromium.note}`,
    async () => {
      const page = pathToFileURL(join(folder, 'index.html')).href;
      const shown = await open(page, join(folder, 'profile-of-file'));
      expect(shown.get('memory')).toBe('ArrayBuffer');
      expectTheSame(shown);
    },
    120_000,
  );

  it.skipIf(!chromium.here)(
    `shows the same in a cross-origin isolated page, whose memory threads can share${chromium.note}`,
    async () => {
      const server = await serve(folder);
      try {
        const { port } = server.address() as AddressInfo;
        const shown = await open(`http://127.0.0.1:${port}/index.html`, join(folder, 'profile-of-server'));
        expect(shown.get('memory')).toBe('SharedArrayBuffer');
        expectTheSame(shown);
      } finally {
        server.close();
      }
    },
    120_000,
  );
});
