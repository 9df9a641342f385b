import { RX_OFFLOAD_SCATTER } from '@inline-ipsec/ethdev/offloads';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { describe, expect, it } from 'vitest';
import { espFrame } from './testing/esp-frame.ts';
import { seal } from './testing/node/seal.ts';
import { BOTH, FAILED, ingress, KEY, SecureBench, sealed } from './testing/secure-bench.ts';

/**
 * The three errors of the security block, on each way by which the driver receives: whatever the code, a packet has both
 * flags, and no other packet has them for it.
 */

/** Long packets take two buffers of 1024 bytes. */
function good(sequence: number, bytes: number): Uint8Array {
  return sealed(seal, espFrame({ spi: 5, sequence, payload: new Uint8Array(bytes).fill(sequence) }), { key: KEY });
}

/** Code 01: AH, with the SPI of an SA for ESP. */
function asAh(frame: Uint8Array): Uint8Array {
  const ah = frame.slice();
  ah[23] = 51;
  ah.set([4, 7, 0, 0, 0, 0, 0, 5], 34);
  return ah;
}

/** Code 10: the IP packet ends two bytes earlier. */
function unaligned(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  const total = ((copy[16] << 8) | copy[17]) - 2;
  copy.set([total >> 8, total & 255], 16);
  return copy;
}

/** Code 11. */
function forged(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy[60] ^= 1;
  return copy;
}

const CODES = [
  ['01, invalid protocol', asAh, 'rxSecurityProtocol'],
  ['10, length', unaligned, 'rxSecurityLength'],
  ['11, authentication', forged, 'rxSecurityAuthentication'],
] as const;

/** How many packets are asked for at once, and how long they are. */
const WAYS = [
  ['one at a time', 1, 100],
  ['in a burst', 32, 100],
  ['one at a time, over two buffers', 1, 1400],
  ['in a burst, over two buffers', 32, 1400],
] as const;

const SECP = [
  ['SECP with every code', { protocolErrorSecp: true, lengthErrorSecp: true }],
  ['SECP with no code but 11', { protocolErrorSecp: false, lengthErrorSecp: false }],
] as const;

describe.each(SECP)('%s', (_secp, card) => {
  describe.each(CODES)('code %s', (_code, spoil, counter) => {
    it.each(WAYS)('gives both flags, received %s', (_way, burst, bytes) => {
      const bench = new SecureBench({ card, dataRoom: 1024 + 128 }).start({
        ...BOTH,
        rxOffloads: BOTH.rxOffloads | RX_OFFLOAD_SCATTER,
      });
      bench.bind(bench.session(ingress(5)));
      const spoilt = [1, 2, 5, 8, 11];
      const frames = Array.from({ length: 12 }, (_, i) =>
        (spoilt.includes(i) ? spoil : (f: Uint8Array) => f)(good(i, bytes)),
      );
      bench.list.incoming.push(...frames);
      const mbufs: number[] = [];
      for (let more = bench.receive(burst); more.length > 0; more = bench.receive(burst)) mbufs.push(...more);
      expect(mbufs.map((m) => bench.flagsOf(m))).toEqual(
        frames.map((_, i) => (spoilt.includes(i) ? FAILED : RX_SEC_OFFLOAD)),
      );
      for (const [i, m] of mbufs.entries()) expect(bench.bytes(m)).toHaveLength(frames[i].length);
      expect(bench.card.counter(counter)).toBe(spoilt.length);
      bench.free(...mbufs);
      bench.end();
    });
  });
});
