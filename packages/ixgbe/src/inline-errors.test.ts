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

/** From a station of its own, so that RSS spreads them. Long packets take two buffers of 1024 bytes. */
function good(sequence: number, bytes: number): Uint8Array {
  const frame = espFrame({ spi: 5, sequence, payload: new Uint8Array(bytes).fill(sequence) });
  frame[SOURCE] = sequence;
  return sealed(seal, frame, { key: KEY });
}

/** The last byte of the source address: which frame it is. */
const SOURCE = 29;

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

/** How many packets are asked for at once, how long they are, and over how many queues they come. */
const WAYS = [
  ['one at a time', 1, 100, 1],
  ['in a burst', 32, 100, 1],
  ['one at a time, over two buffers', 1, 1400, 1],
  ['in a burst, over two buffers', 32, 1400, 1],
  ['in bursts of four queues', 32, 100, 4],
  ['one at a time from four queues', 1, 100, 4],
  ['in bursts of four queues, over two buffers', 32, 1400, 4],
] as const;

const SECP = [
  ['SECP with every code', { protocolErrorSecp: true, lengthErrorSecp: true }],
  ['SECP with no code but 11', { protocolErrorSecp: false, lengthErrorSecp: false }],
] as const;

describe.each(SECP)('%s', (_secp, card) => {
  describe.each(CODES)('code %s', (_code, spoil, counter) => {
    it.each(WAYS)('gives both flags, received %s', (_way, burst, bytes, rxQueues) => {
      const bench = new SecureBench({ card, dataRoom: 1024 + 128 }).start({
        ...BOTH,
        rxQueues,
        rxOffloads: BOTH.rxOffloads | RX_OFFLOAD_SCATTER,
      });
      bench.bind(bench.session(ingress(5)));
      const spoilt = [1, 2, 5, 8, 11, 17, 20, 21];
      const frames = Array.from({ length: 24 }, (_, i) =>
        (spoilt.includes(i) ? spoil : (f: Uint8Array) => f)(good(i, bytes)),
      );
      bench.list.incoming.push(...frames);
      const queues = Array.from({ length: rxQueues }, (): number[] => []);
      for (let idle = 0; idle < 4; idle++) {
        queues.forEach((mbufs, queue) => {
          const more = bench.receive(burst, queue);
          if (more.length > 0) idle = -1;
          mbufs.push(...more);
        });
      }
      const seen = queues.flat().map((m) => {
        const packet = bench.bytes(m);
        expect(packet).toHaveLength(frames[packet[SOURCE]].length);
        return { which: packet[SOURCE], flags: bench.flagsOf(m) };
      });
      seen.sort((a, b) => a.which - b.which);
      expect(seen).toEqual(
        frames.map((_, which) => ({ which, flags: spoilt.includes(which) ? FAILED : RX_SEC_OFFLOAD })),
      );
      for (const mbufs of queues) expect(mbufs.length).toBeGreaterThan(1);
      expect(bench.card.counter(counter)).toBe(spoilt.length);
      bench.free(...queues.flat());
      bench.end();
    });
  });
});
