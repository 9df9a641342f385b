import { RX_OFFLOAD_SCATTER, RX_OFFLOAD_VLAN_FILTER } from '@inline-ipsec/ethdev/offloads';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { describe, expect, it } from 'vitest';
import * as field from './register-fields.ts';
import { REG, rssrk, vfta } from './registers.ts';
import { espFrame, TUNNEL_END } from './testing/esp-frame.ts';
import { seal } from './testing/node/seal.ts';
import { BOTH, egress, IPV6_END, ingress, KEY, OTHER_KEY, SecureBench, sealed } from './testing/secure-bench.ts';

/** `port.reset`, on cards that something else has reset, and on such as are well. */

const enciphered = (frame: Uint8Array, key: Uint8Array = KEY, l3 = 20): Uint8Array => sealed(seal, frame, { key, l3 });

/** Resets the card as nobody should who is not its driver. */
function resetBehindItsBack(bench: SecureBench, bit: number): void {
  bench.card.write(REG.CTRL, bit);
  bench.card.settle();
}

describe.each([
  ['CTRL.RST', field.CTRL_RST],
  ['CTRL.LRST', field.CTRL_LRST],
])('a card that was reset behind its driver’s back, by %s', (_name, bit) => {
  it('is brought back by a reset of the port: traffic both ways, by the SAs that were there', () => {
    const bench = new SecureBench().start(BOTH);
    const sessions = [bench.session(egress(7)), bench.session(egress(8, OTHER_KEY))];
    bench.bind(bench.session(ingress(5)));
    bench.bind(bench.session(ingress(6, OTHER_KEY)), IPV6_END);
    const before = bench.usedEntries();
    const traffic = (): void => {
      expect(bench.sendFrame(sessions[0], { spi: 7 })).toEqual([enciphered(espFrame({ spi: 7 }))]);
      expect(bench.sendFrame(sessions[1], { spi: 8 })).toEqual([enciphered(espFrame({ spi: 8 }), OTHER_KEY)]);
      expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 })))).toEqual({
        flags: RX_SEC_OFFLOAD,
        bytes: deciphered(5),
      });
      const six = enciphered(espFrame({ spi: 6, destination: IPV6_END }), OTHER_KEY, 40);
      expect(bench.receiveFrame(six).flags).toBe(RX_SEC_OFFLOAD);
    };
    traffic();
    resetBehindItsBack(bench, bit);
    // Nothing goes any more, either way.
    bench.list.incoming.push(enciphered(espFrame({ spi: 5 })));
    expect(bench.receive()).toEqual([]);
    bench.list.incoming.length = 0;
    expect(bench.send([bench.secret(sessions[0], espFrame({ spi: 7 }))])).toBe(1);
    expect(bench.list.sent).toEqual([]);

    bench.port.reset();
    expect(bench.port.state).toBe('stopped');
    expect(bench.pool.inUseCount, 'what lay in the rings').toBe(0);
    bench.port.start();
    expect(bench.usedEntries()).toEqual(before);
    expect(bench.enabled).toEqual([true, true]);
    traffic();
    expect(bench.card.counters()).not.toHaveProperty('txSecurityZeroKey');
    expect(bench.card.counters()).not.toHaveProperty('txSecurityOff');
    // An SA that ends now is taken off as ever.
    bench.security.sessionDestroy(sessions[0]);
    bench.port.stats();
    expect(bench.usedEntries().tx).toBe(1);
    bench.end();
    expect(bench.pool.inUseCount).toBe(0);
  });

  it('may be configured anew then, as DPDK’s programs do', () => {
    const bench = new SecureBench().start(BOTH);
    const session = bench.session(egress(7));
    bench.bind(bench.session(ingress(5)));
    resetBehindItsBack(bench, bit);
    bench.port.reset();
    bench.start(BOTH);
    expect(bench.sendFrame(session, { spi: 7 })).toEqual([enciphered(espFrame({ spi: 7 }))]);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });
});

/** What a receiver gets of an ESP frame: all in clear but for the ICV, which stays. */
function deciphered(spi: number): Uint8Array {
  const frame = espFrame({ spi, destination: TUNNEL_END });
  frame.set(enciphered(frame).subarray(-16), frame.length - 16);
  return frame;
}

describe('a reset of the port', () => {
  it('keeps address, filters, RSS and counts', () => {
    const bench = new SecureBench({ dataRoom: 1024 + 128 }).start({
      ...BOTH,
      rxQueues: 2,
      rxOffloads: BOTH.rxOffloads | RX_OFFLOAD_SCATTER | RX_OFFLOAD_VLAN_FILTER,
    });
    const { port, card } = bench;
    const key = Uint8Array.from({ length: 40 }, (_, i) => i * 37 + 1);
    const mine = Uint8Array.of(2, 0, 0, 0, 0, 9);
    port.setMacAddress(mine);
    port.setRss({ functions: 4, key });
    port.setRedirectionTable(new Array<number>(128).fill(1));
    port.vlanFilter(5, true);
    port.promiscuous = false;
    const frame = Uint8Array.of(...mine, ...espFrame({ spi: 9 }).subarray(6));
    const received = (): number => {
      bench.list.incoming.push(frame);
      const mbufs = bench.receive(4, 1);
      bench.free(...mbufs);
      return mbufs.length;
    };
    expect(received()).toBe(1);
    port.reset();
    port.start();
    expect(received()).toBe(1);
    expect([...port.macAddress]).toEqual([...mine]);
    expect([card.read(rssrk(0)), card.read(vfta(0))]).toEqual([0x704b_2601, 1 << 5]);
    expect(port.stats().ipackets).toBe(2);
    bench.end();
  });

  it('frees what has come in part, and what was not sent', () => {
    const bench = new SecureBench({ dataRoom: 1024 + 128 }).start({
      ...BOTH,
      rxOffloads: RX_OFFLOAD_SCATTER | BOTH.rxOffloads,
    });
    const session = bench.session(egress(7));
    bench.list.room = 0;
    bench.send(Array.from({ length: 20 }, () => bench.secret(session, espFrame({ spi: 7 }))));
    bench.list.incoming.push(espFrame({ spi: 9, payload: new Uint8Array(1400) }));
    bench.card.step(32);
    for (let i = 0; i < 2; i++) {
      bench.port.reset();
      expect(bench.pool.inUseCount).toBe(0);
    }
    bench.list.room = Number.POSITIVE_INFINITY;
    bench.list.incoming.length = 0;
    bench.port.start();
    bench.list.sent.length = 0;
    expect(bench.sendFrame(session, { spi: 7 })).toEqual([enciphered(espFrame({ spi: 7 }))]);
    bench.end();
  });
});
