import { Memory } from '@inline-ipsec/eal/memory';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { CableWire } from '@inline-ipsec/wire/cable-wire';
import { describe, expect, it } from 'vitest';
import { espFrame, ICV_BYTES, TUNNEL_END } from './testing/esp-frame.ts';
import { seal } from './testing/node/seal.ts';
import {
  BOTH,
  bytesOf,
  egress,
  FAILED,
  gmac,
  IPV6_END,
  ingress,
  KEY,
  OTHER_KEY,
  type SealOptions,
  SecureBench,
  sealed,
  secureBench,
  sessionOf,
} from './testing/secure-bench.ts';
import { ARTICLE_ESP, ARTICLE_INNER, ARTICLE_TRAILER } from './vectors/article.ts';

const enciphered = (frame: Uint8Array, options?: SealOptions): Uint8Array => sealed(seal, frame, options);

describe("the article's packet", () => {
  const header = bytesOf('020000000001020000000002' + '0800');
  const esp = Uint8Array.of(...header, ...bytesOf(ARTICLE_ESP));
  const clear = Uint8Array.of(
    ...header,
    ...bytesOf(ARTICLE_ESP).subarray(0, 36),
    ...bytesOf(ARTICLE_INNER + ARTICLE_TRAILER),
    ...new Uint8Array(ICV_BYTES),
  );

  it('is deciphered on the way in, and its layout stays', () => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(1005)));
    const { flags, bytes: got } = bench.receiveFrame(esp);
    expect(flags).toBe(RX_SEC_OFFLOAD);
    expect(got.subarray(0, esp.length - ICV_BYTES)).toEqual(clear.subarray(0, clear.length - ICV_BYTES));
    bench.end();
  });
});
describe('inline IPsec on the way in', () => {
  it('deciphers the first packet, when the session is older than the start', () => {
    const bench = new SecureBench().configure(BOTH);
    bench.bind(bench.session(ingress(5)));
    bench.port.promiscuous = true;
    bench.port.start();
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });

  it.each([
    ['IPv4', TUNNEL_END, 20],
    ['IPv6', IPV6_END, 40],
  ])('deciphers %s', (_name, destination, l3) => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(5)), destination);
    const clear = espFrame({ spi: 5, destination });
    const { flags, bytes: got } = bench.receiveFrame(enciphered(clear, { l3 }));
    expect(flags).toBe(RX_SEC_OFFLOAD);
    expect(got.subarray(0, clear.length - ICV_BYTES)).toEqual(clear.subarray(0, clear.length - ICV_BYTES));
    bench.end();
  });

  it('verifies AES-128-GMAC', () => {
    const bench = secureBench();
    bench.bind(bench.session(sessionOf('ingress', 5, gmac('decrypt'))));
    const good = enciphered(espFrame({ spi: 5 }), { authOnly: true });
    expect(bench.receiveFrame(good)).toEqual({ flags: RX_SEC_OFFLOAD, bytes: good });
    const forged = good.slice();
    forged[60] ^= 1;
    expect(bench.receiveFrame(forged).flags).toBe(FAILED);
    bench.end();
  });

  it('says of a packet under a wrong key that it failed', () => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(5)));
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }), { key: OTHER_KEY })).flags).toBe(FAILED);
    bench.end();
  });

  it.each([true, false])('says so of one that is cut or misaligned, with SECP (%s) or without', (lengthErrorSecp) => {
    const bench = secureBench({ card: { lengthErrorSecp } });
    bench.bind(bench.session(ingress(5)));
    const odd = enciphered(espFrame({ spi: 5, pad: 1 }));
    expect(bench.receiveFrame(odd).flags).toBe(FAILED);
    bench.end();
  });

  it('leaves packets of other SPIs and other addresses alone', () => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(5)));
    const otherSpi = enciphered(espFrame({ spi: 6 }));
    const otherAddress = enciphered(espFrame({ spi: 5, destination: Uint8Array.of(172, 16, 2, 6) }));
    expect(bench.receiveFrame(otherSpi)).toEqual({ flags: 0, bytes: otherSpi });
    expect(bench.receiveFrame(otherAddress)).toEqual({ flags: 0, bytes: otherAddress });
    bench.end();
  });

  it('tells two SAs of one SPI apart by their addresses, and takes the right one off', () => {
    const bench = secureBench();
    const other = Uint8Array.of(172, 16, 2, 6);
    const first = bench.session(ingress(5));
    const second = bench.session(ingress(5, OTHER_KEY));
    const flow = bench.bind(first);
    bench.bind(second, other);
    const toFirst = enciphered(espFrame({ spi: 5 }));
    const toSecond = enciphered(espFrame({ spi: 5, destination: other }), { key: OTHER_KEY });
    expect(bench.receiveFrame(toFirst).flags).toBe(RX_SEC_OFFLOAD);
    expect(bench.receiveFrame(toSecond).flags).toBe(RX_SEC_OFFLOAD);
    bench.port.flowDestroy(flow);
    expect(bench.receiveFrame(toFirst).flags).toBe(0);
    expect(bench.receiveFrame(toSecond).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });

  it('does not take an IPv4 address for an IPv6 address that begins with its bytes', () => {
    const bench = secureBench();
    const alike = Uint8Array.of(...TUNNEL_END, ...new Uint8Array(12));
    bench.bind(bench.session(ingress(5)));
    bench.bind(bench.session(ingress(5, OTHER_KEY)), alike);
    expect(bench.driver.counter('saAddresses')).toBe(2);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    const ipv6 = enciphered(espFrame({ spi: 5, destination: alike }), { key: OTHER_KEY, l3: 40 });
    expect(bench.receiveFrame(ipv6).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });

  it('serves an IPv4 address and the IPv6 address that the card cannot tell from it, by different SPIs', () => {
    const bench = secureBench();
    const mapped = Uint8Array.of(...new Uint8Array(12), ...TUNNEL_END);
    bench.bind(bench.session(ingress(5)));
    const second = bench.session(ingress(6, OTHER_KEY));
    const same = bench.session(ingress(5, OTHER_KEY));
    expect(() => bench.bind(same, mapped)).toThrow(expect.objectContaining({ errno: 'EEXIST' }));
    bench.bind(second, mapped);
    expect(bench.driver.counter('saAddresses')).toBe(1);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    const ipv6 = enciphered(espFrame({ spi: 6, destination: mapped }), { key: OTHER_KEY, l3: 40 });
    expect(bench.receiveFrame(ipv6).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });
});

describe('two cards and a cable', () => {
  it('pass a tunnel from one to the other, in both directions at once', () => {
    const memory = Memory.create({ bytes: 64 * 1024 * 1024 });
    const ports = new EthPorts();
    const ends = ['0000:06:00.0', '0000:06:00.1'].map((name) =>
      new SecureBench({ memory, ports, name, wire: CableWire.plug(memory, 'tunnel'), sessions: 8 }).start(BOTH),
    );
    const addresses = [Uint8Array.of(172, 16, 1, 5), TUNNEL_END];
    const out = ends.map((end, i) => end.session(egress(100 + i, [KEY, OTHER_KEY][i])));
    ends.forEach((end, i) => {
      end.bind(end.session(ingress(100 + (1 - i), [OTHER_KEY, KEY][i])), addresses[i]);
    });
    for (let sequence = 1; sequence <= 100; sequence++) {
      const frames = ends.map((_, i) =>
        espFrame({
          spi: 100 + i,
          sequence,
          payload: new Uint8Array(sequence * 10).fill(i + 1),
          destination: addresses[1 - i],
        }),
      );
      ends.forEach((end, i) => {
        end.send([end.secret(out[i], frames[i])]);
      });
      ends.forEach((end, i) => {
        const [m] = end.receive(1);
        expect(end.flagsOf(m)).toBe(RX_SEC_OFFLOAD);
        const frame = frames[1 - i];
        expect(end.bytes(m).subarray(0, frame.length - ICV_BYTES)).toEqual(frame.subarray(0, frame.length - ICV_BYTES));
        end.free(m);
      });
    }
    for (const end of ends) end.end();
  });
});
