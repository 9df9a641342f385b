import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noSystemCalls } from '@inline-ipsec/eal/linux/system-calls';
import { describe, expect, it } from 'vitest';

/**
 * No packet costs the JavaScript heap anything between its receive and its transmit. With null crypto, so that no
 * library's own objects are counted, a million packets go from a capture that is replayed to one that is thrown away, and
 * what they put on the heap is summed up. It is the built packages that are measured, in a process of their own: a test
 * runner's transformed modules make other code.
 */

/** The smallest object takes 16 bytes, 16 MB in all: a per-packet object breaks this bound. Polls and clocks stay below it. */
const BOUND_BYTES = 4_000_000;

// Elsewhere clocks leave 16 bytes each time.
const missing = noSystemCalls();
const skipped = missing === undefined ? '' : ` (skipped: ${missing.message})`;

const folder = dirname(fileURLToPath(import.meta.url));

function measure(...words: string[]): { bytes: number; sent: number; dropped: number } {
  if (!existsSync(join(dirname(folder), 'apps', 'secgw', 'dist'))) {
    throw new Error('apps/secgw/dist is not there: build it with `npm run setup`');
  }
  const program = join(folder, 'heap-growth.mjs');
  return JSON.parse(execFileSync(process.execPath, [program, ...words], { encoding: 'utf8' }));
}

describe('the heap over a million packets', () => {
  it.each([
    ['small packets on the way out', 'out', 'small', false],
    ['packets of every kind on the way out', 'out', 'every', true],
    ['small packets on the way in', 'in', 'small', true],
    ['packets of every kind on the way in', 'in', 'every', true],
  ])('does not grow with %s', (_what, direction, mix, drops) => {
    const { bytes, sent, dropped } = measure(direction, mix);
    expect(bytes).toBeLessThan(BOUND_BYTES);
    expect(sent).toBeGreaterThan(200_000);
    expect(dropped > 0).toBe(drops);
  });

  it.skipIf(missing !== undefined)(
    `nor where hardly anything comes, and the clock is looked at all the time${skipped}`,
    () => {
      const { bytes, sent } = measure('out', 'small', 'paced');
      expect(bytes).toBeLessThan(BOUND_BYTES);
      expect(sent).toBeGreaterThan(1_000_000);
    },
  );

  it('would show an object a packet', () => {
    expect(measure('out', 'small', 'spoiled').bytes).toBeGreaterThan(2 * BOUND_BYTES);
  });
});
