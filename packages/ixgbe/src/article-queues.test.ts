import { createCipheriv } from 'node:crypto';
import { MBUF_OL_FLAGS_LO } from '@inline-ipsec/mbuf/layout';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { describe, expect, it } from 'vitest';
import { BOTH, bytesOf, FAILED, ingress, type Seal, SecureBench, sealed } from './testing/secure-bench.ts';
import { ARTICLE_ESP, ARTICLE_INNER, ARTICLE_TRAILER } from './vectors/article.ts';

/** The article's generator sends 32 packets a run. Here each has addresses of its own, so that there is something to spread. */

const ETHERNET = [0x90, 0xe2, 0xba, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
const PACKETS = 32;

const seal: Seal = (key, nonce, aad, text) => {
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad);
  return Uint8Array.of(...cipher.update(text), ...cipher.final(), ...cipher.getAuthTag());
};

/** A frame with this IPv4 packet, from a source whose last byte is `last`, with a header checksum that is right. */
function from(packet: Uint8Array, last: number): Uint8Array {
  const bytes = packet.slice();
  bytes[15] = last;
  bytes.fill(0, 10, 12);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  sum = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
  bytes.set([sum >> 8, sum & 0xff], 10);
  return Uint8Array.of(...ETHERNET, ...bytes);
}

/** What two queues got, and the flags of each packet. */
function receiveBoth(bench: SecureBench): { bytes: Uint8Array[][]; flags: number[] } {
  const flags: number[] = [];
  const bytes = [0, 1].map((queue) => {
    const got = bench.receive(PACKETS, queue);
    for (const m of got) flags.push(bench.memory.u32[(m + MBUF_OL_FLAGS_LO) >> 2] & FAILED);
    const packets = got.map((m) => bench.bytes(m));
    bench.free(...got);
    return packets;
  });
  return { bytes, flags };
}

describe("the article's 32 packets, with different addresses, over two queues", () => {
  it('in clear: each is whole, on one of them, in order', () => {
    const bench = new SecureBench().start({ ...BOTH, rxQueues: 2 }, 128);
    const frames = Array.from({ length: PACKETS }, (_, i) => from(bytesOf(ARTICLE_INNER), i + 1));
    bench.list.incoming.push(...frames);
    const { bytes, flags } = receiveBoth(bench);
    for (const queue of bytes) expect(queue.length).toBeGreaterThan(PACKETS / 4);
    const sources = bytes.map((queue) => queue.map((frame) => frame[29]));
    for (const queue of sources) expect(queue).toEqual([...queue].sort((a, b) => a - b));
    expect(bytes.flat().sort((a, b) => a[29] - b[29])).toEqual(frames);
    expect(flags).toEqual(frames.map(() => 0));
    bench.end();
  });

  it('as ESP of many gateways under one SA: each queue gets them deciphered, and knows a forged one', () => {
    const bench = new SecureBench().start({ ...BOTH, rxQueues: 2 }, 128);
    bench.bind(bench.session(ingress(1005)));
    const outer = bytesOf(ARTICLE_ESP).subarray(0, 36);
    const inner = bytesOf(ARTICLE_INNER + ARTICLE_TRAILER);
    const clear = Array.from({ length: PACKETS }, (_, i) => {
      const packet = Uint8Array.of(...outer, ...inner, ...new Array<number>(16).fill(0));
      packet[27] = i + 1;
      packet[35] = i + 1;
      return from(packet, i + 1);
    });
    const frames = clear.map((frame) => sealed(seal, frame));
    bench.list.incoming.push(...frames);
    const good = receiveBoth(bench);
    for (const queue of good.bytes) expect(queue.length).toBeGreaterThan(PACKETS / 4);
    expect(good.flags).toEqual(frames.map(() => RX_SEC_OFFLOAD));
    // Header, IV and ICV as they came, and between them what was enciphered.
    const expected = clear.map((frame, i) => Uint8Array.of(...frame.subarray(0, -16), ...frames[i].subarray(-16)));
    expect(good.bytes.flat().sort((a, b) => a[29] - b[29])).toEqual(expected);
    for (const frame of frames) frame[frame.length - 1] ^= 1;
    bench.list.incoming.push(...frames);
    const forged = receiveBoth(bench);
    expect(forged.bytes.map(({ length }) => length)).toEqual(good.bytes.map(({ length }) => length));
    expect(forged.flags).toEqual(frames.map(() => FAILED));
    expect(bench.port.stats()).toMatchObject({ ipackets: 2 * PACKETS, imissed: 0 });
    bench.end();
  });
});
