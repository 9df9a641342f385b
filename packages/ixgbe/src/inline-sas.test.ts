import { type Environment, simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { describe, expect, it } from 'vitest';
import { espFrame } from './testing/esp-frame.ts';
import { seal } from './testing/node/seal.ts';
import {
  BOTH,
  egress,
  gcm,
  ingress,
  KEY,
  OTHER_KEY,
  SALT,
  type SealOptions,
  SecureBench,
  sealed,
  secureBench,
  sessionOf,
} from './testing/secure-bench.ts';

const enciphered = (frame: Uint8Array, options?: SealOptions): Uint8Array => sealed(seal, frame, options);

describe('SAs that come and go', () => {
  it('never leave the block switched off, nor an entry behind', () => {
    const bench = secureBench();
    expect(bench.enabled).toEqual([true, true]);
    const stays = bench.session(ingress(5));
    bench.bind(stays);
    const out = bench.session(egress(6));
    for (let i = 0; i < 4; i++) {
      const inbound = bench.session(ingress(100 + i, OTHER_KEY));
      const flow = bench.bind(inbound, Uint8Array.of(10, 0, 0, i));
      const outbound = bench.session(egress(200 + i, OTHER_KEY));
      expect(bench.enabled).toEqual([true, true]);
      bench.port.flowDestroy(flow);
      bench.security.sessionDestroy(inbound);
      bench.security.sessionDestroy(outbound);
      expect(bench.enabled).toEqual([true, true]);
      expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
      expect(bench.sendFrame(out, { spi: 6 })).toEqual([enciphered(espFrame({ spi: 6 }))]);
    }
    expect(bench.usedEntries()).toEqual({ addresses: 1, spis: 1, keys: 1, tx: 1 });
    expect(bench.driver.counter('saAddresses')).toBe(1);
    bench.end();
  });

  it('are not touched by the end of a session that was never bound, whatever its SPI', () => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(5)));
    bench.security.sessionDestroy(bench.session(ingress(5, OTHER_KEY)));
    expect(bench.driver.counter('saAddresses')).toBe(1);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });

  it('share an address until the last one goes', () => {
    const bench = secureBench();
    const flows = [5, 6, 7].map((spi) => bench.bind(bench.session(ingress(spi))));
    expect(bench.usedEntries().addresses).toBe(1);
    bench.port.flowDestroy(flows[0]);
    bench.port.flowDestroy(flows[2]);
    expect(bench.usedEntries().addresses).toBe(1);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 6 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.port.flowDestroy(flows[1]);
    expect(bench.usedEntries()).toEqual({ addresses: 0, spis: 0, keys: 0, tx: 0 });
    bench.end();
  });

  it('are on the card again after stop and start, with rules and all', () => {
    const bench = secureBench();
    const inbound = bench.session(ingress(5));
    bench.bind(inbound);
    const out = bench.session(egress(6));
    bench.port.stop();
    // Between the two, the card knows no key.
    expect(bench.usedEntries()).toMatchObject({ keys: 0, tx: 0 });
    const added = bench.session(egress(7, OTHER_KEY));
    bench.port.start();
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    expect(bench.sendFrame(out, { spi: 6 })).toEqual([enciphered(espFrame({ spi: 6 }))]);
    expect(bench.sendFrame(added, { spi: 7 })).toEqual([enciphered(espFrame({ spi: 7 }), { key: OTHER_KEY })]);
    bench.security.sessionDestroy(inbound);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(0);
    bench.end();
  });

  it('do not need the key any more that they were made with', () => {
    const bench = new SecureBench().configure(BOTH);
    const key = KEY.slice();
    const salt = SALT.slice();
    const session = bench.session(sessionOf('ingress', 5, gcm('decrypt', key), { salt }));
    key.fill(0);
    salt.fill(0);
    bench.bind(session);
    bench.port.promiscuous = true;
    bench.port.start();
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.end();
  });

  it('leave no key in the memory when they are gone', () => {
    const bench = secureBench();
    const key = Uint8Array.from({ length: 16 }, (_, i) => 0xc1 + 7 * i);
    const sessions = [
      bench.session(sessionOf('ingress', 5, gcm('decrypt', key))),
      bench.session(sessionOf('egress', 5, gcm('encrypt', key))),
    ];
    bench.bind(sessions[0]);
    const found = () => Buffer.from(bench.memory.u8.buffer).includes(Buffer.from(key));
    expect(found()).toBe(true);
    for (const session of sessions) bench.security.sessionDestroy(session);
    expect(found()).toBe(false);
    expect(bench.usedEntries().tx).toBe(0);
    bench.end();
  });

  it('are enciphered under their own key to the last packet that was taken', () => {
    const bench = secureBench();
    const session = bench.session(egress(7));
    const frame = espFrame({ spi: 7 });
    // Taken by the driver, not yet fetched by the card.
    bench.port.txBurst(0, Uint32Array.of(bench.secret(session, frame), bench.secret(session, frame)), 2);
    bench.security.sessionDestroy(session);
    const next = bench.session(egress(7, OTHER_KEY));
    bench.send([bench.secret(next, frame)]);
    expect(bench.list.sent).toEqual([enciphered(frame), enciphered(frame), enciphered(frame, { key: OTHER_KEY })]);
    expect(bench.card.counter('txSecurityZeroKey')).toBe(0);
    // And then the old entry is cleared.
    bench.port.stats();
    expect(bench.usedEntries().tx).toBe(1);
    bench.end();
  });

  it('all work, 1,024 each way over 128 addresses; the next one is refused with a reason', () => {
    const bench = new SecureBench({ sessions: 2100 }).start(BOTH);
    const keyOf = (i: number) => KEY.map((byte, n) => (n < 2 ? byte ^ (i >> (8 * n)) : byte));
    const endOf = (i: number) => Uint8Array.of(10, 0, 0, i & 127);
    const out = Array.from({ length: 1024 }, (_, i) => bench.session(egress(1 + i, keyOf(i))));
    expect(() => bench.session(egress(5000))).toThrow(/transmit SA table of the 82599 is full.*1024/);
    // Eight SPIs for each address, so that neither of the two tells an SA from another.
    for (let i = 0; i < 1024; i++) bench.bind(bench.session(ingress(1 + (i >> 7), keyOf(i))), endOf(i));
    const more = bench.session(ingress(5000));
    expect(() => bench.bind(more, endOf(5))).toThrow(/receive SA table of the 82599 is full/);
    expect(() => bench.bind(more, Uint8Array.of(10, 0, 1, 5))).toThrow(
      expect.objectContaining({ errno: 'ENOSPC', message: expect.stringMatching(/at most 128 destination addresses/) }),
    );
    for (let i = 0; i < 1024; i++) {
      const frame = espFrame({ spi: 1 + i });
      bench.send([bench.secret(out[i], frame)]);
      expect(bench.list.sent.splice(0), `SA ${i}, out`).toEqual([enciphered(frame, { key: keyOf(i) })]);
      const toUs = enciphered(espFrame({ spi: 1 + (i >> 7), destination: endOf(i) }), { key: keyOf(i) });
      expect(bench.receiveFrame(toUs).flags, `SA ${i}, in`).toBe(RX_SEC_OFFLOAD);
    }
    bench.end();
  });
});

describe('a card that takes its time over table commands', () => {
  it('is waited for, command by command', () => {
    let passed = 0;
    const environment: Environment = { ...simulatedEnvironment(), now: () => (passed += 300) };
    const bench = secureBench({ environment, card: { commandDelay: 1000 } });
    const out = bench.session(egress(6));
    const flow = bench.bind(bench.session(ingress(5)));
    expect(bench.sendFrame(out, { spi: 6 })).toEqual([enciphered(espFrame({ spi: 6 }))]);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.port.flowDestroy(flow);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(0);
    expect(bench.card.counters()).not.toHaveProperty('tableCommandsLost');
    bench.end();
  });
});
