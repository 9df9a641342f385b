import { Memory } from '@inline-ipsec/eal/memory';
import { RX_OFFLOAD_KEEP_CRC } from '@inline-ipsec/ethdev/offloads';
import { registerDynfield } from '@inline-ipsec/mbuf/dynfield';
import { RX_SEC_OFFLOAD } from '@inline-ipsec/mbuf/offload-flags';
import { securityMetadataField } from '@inline-ipsec/security/packet-metadata';
import { describe, expect, it } from 'vitest';
import * as descriptor from './descriptors.ts';
import { writePacketMetadata } from './driver/security-metadata.ts';
import { SESSION_PRIVATE_BYTES } from './driver/session-layout.ts';
import { HLREG0_RXCRCSTRP, HLREG0_TXCRCEN, RDRXCTL_CRCSTRIP, SECRXSTAT_SECRX_OFF_DIS } from './register-fields.ts';
import { REG } from './registers.ts';
import { espFrame, TUNNEL_END } from './testing/esp-frame.ts';
import { type Defect, NaiveDriver } from './testing/naive-driver.ts';
import { seal } from './testing/node/seal.ts';
import {
  BOTH,
  egress,
  FAILED,
  gcm,
  IPV6_END,
  ingress,
  KEY,
  rule,
  SecureBench,
  sealed,
  secureBench,
  sessionOf,
} from './testing/secure-bench.ts';
import { SecuredCard } from './testing/secured-card.ts';

/**
 * Defects that DPDK's driver of the 82599 had and has no more, by their commits. Where the card can show what came of one,
 * it does; the driver of this package has none of them. `docs/driver-defects.md` has the table.
 */

const enciphered = (frame: Uint8Array, key: Uint8Array = KEY, l3 = 20): Uint8Array => sealed(seal, frame, { key, l3 });

function naive(defect?: Defect, card: SecuredCard = new SecuredCard()) {
  return { card, driver: new NaiveDriver(card, defect) };
}

const secp = (card: SecuredCard, frame: Uint8Array): number => {
  const status = card.arrive(frame)?.status ?? 0;
  return (status & (descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR)) >>> 0;
};
const GOOD = descriptor.RXD_STAT_SECP;

/** Good packets, and forged ones at the given places. */
function burst(length: number, forged: readonly number[]): Uint8Array[] {
  return Array.from({ length }, (_, i) => {
    const frame = enciphered(espFrame({ spi: 5, sequence: i + 1 }));
    if (forged.includes(i)) frame[frame.length - 1] ^= 1;
    return frame;
  });
}

describe('cd54819d03: the flags of each group of four went to the first four packets of the burst', () => {
  it('makes forged packets good ones', () => {
    const { card, driver } = naive();
    driver.addRx({ spi: 5, address: TUNNEL_END });
    card.wire.incoming.push(...burst(8, [5]));
    card.card.step(32);
    const statuses = Array.from({ length: 8 }, () => card.program.receive()?.status ?? 0);
    const failed = statuses.map((status) => (status & descriptor.RXD_SECERR) !== 0);
    const flags = new Array<boolean>(8).fill(false);
    for (let i = 0; i < 8; i++) flags[i % 4] = failed[i];
    expect(failed[5]).toBe(true);
    expect([flags[1], flags[5]]).toEqual([true, false]);
  });

  it('stay with their packets in this driver, wherever those are in a burst', () => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(5)));
    for (let at = 0; at < 12; at++) {
      bench.list.incoming.push(...burst(12, [at]));
      const mbufs = bench.receive(12);
      const failed = mbufs.map((m) => bench.flagsOf(m)).map((flags) => flags === FAILED);
      expect(failed, `packet ${at}`).toEqual(Array.from({ length: 12 }, (_, i) => i === at));
      bench.free(...mbufs);
    }
  });
});

describe('198e0ce485: the books were not cleared with the tables, and had keys', () => {
  it('has packets sent by entries that the card does not have any more', () => {
    const { card, driver } = naive('start clears the card but not the books');
    const out = driver.addTx(7);
    driver.restart();
    expect(driver.tx[out].used).toBe(true);
    driver.send(espFrame({ spi: 7 }), out);
    expect(card.card.counter('txSecurityZeroKey')).toBe(1);
  });

  it('keeps the books and the card the same in this driver, and keys nowhere but in sessions', () => {
    const bench = secureBench();
    const key = Uint8Array.from({ length: 16 }, (_, i) => 0xc1 + 7 * i);
    const out = bench.session(egress(7, key));
    bench.port.stop();
    bench.port.start();
    expect(bench.sendFrame(out, { spi: 7 })).toEqual([enciphered(espFrame({ spi: 7 }), key)]);
    bench.security.sessionDestroy(out);
    bench.port.stats();
    expect(bench.driver.counter('txSas')).toBe(bench.usedEntries().tx);
    expect(Buffer.from(bench.memory.u8.buffer).includes(Buffer.from(key))).toBe(false);
  });
});

describe('b97a13d883: the offload was offered on fused parts', () => {
  it('has packets leave in clear', () => {
    const { card, driver } = naive(undefined, new SecuredCard({ fuse: 'fused' }));
    const frame = espFrame({ spi: 7 });
    expect(driver.send(frame, driver.addTx(7))).toEqual(frame);
    expect(card.card.counter('txSecurityOff')).toBe(1);
    expect(card.card.read(REG.SECRXSTAT) & SECRXSTAT_SECRX_OFF_DIS).not.toBe(0);
  });

  it('is not offered by this driver', () => {
    const fused = new SecureBench({ card: { fuse: 'fused' } });
    expect(fused.port.securityContext).toBeUndefined();
    expect(() => fused.port.configure(BOTH)).toThrow(expect.objectContaining({ code: 'ERR_PORT_OFFLOAD' }));
  });
});

it('d3ec528ffc: the bytes of a session are told', () => {
  const bench = secureBench();
  expect(bench.security.sessionPrivateBytes).toBe(SESSION_PRIVATE_BYTES);
  expect(bench.security.sessionBytes).toBeGreaterThan(SESSION_PRIVATE_BYTES);
});

it('70815c9eca, 323e7b667f: frames have their FCS added and taken off by the card, and keeping it is refused', () => {
  const bench = secureBench();
  const wanted = HLREG0_TXCRCEN | HLREG0_RXCRCSTRP;
  expect(bench.card.read(REG.HLREG0) & wanted).toBe(wanted);
  expect(bench.card.read(REG.RDRXCTL) & RDRXCTL_CRCSTRIP).toBe(RDRXCTL_CRCSTRIP);
  const other = new SecureBench();
  expect(() => other.port.configure({ ...BOTH, rxOffloads: BOTH.rxOffloads | RX_OFFLOAD_KEEP_CRC })).toThrow();
});

describe('93e11beebc, aeb8fd549e: sessions and their pool', () => {
  it('are given back when their creation fails, and are the right ones when they end', () => {
    const bench = secureBench({ sessions: 3 });
    const key32 = new Uint8Array(32);
    for (let i = 0; i < 10; i++) expect(() => bench.session(egress(1, key32))).toThrow(/AES-128 only/);
    expect(bench.sessions.available).toBe(3);
    const [a, b, c] = [1, 2, 3].map((spi) => bench.session(egress(spi)));
    bench.security.sessionDestroy(b);
    expect(bench.session(egress(4)).position).toBe(b.position);
    expect(() => bench.session(egress(5))).toThrow(/session pool is empty/);
    expect(bench.sendFrame(a, { spi: 1 })).toHaveLength(1);
    expect(bench.sendFrame(c, { spi: 3 })).toHaveLength(1);
  });
});

it('186b14d685: the key is only read, and no copy of it is left behind', () => {
  const bench = secureBench();
  const key = Uint8Array.from({ length: 16 }, (_, i) => 0xb3 + 5 * i);
  const before = key.slice();
  const session = bench.session(sessionOf('ingress', 5, gcm('decrypt', key)));
  bench.bind(session);
  expect(key).toEqual(before);
  bench.security.sessionDestroy(session);
  expect(Buffer.from(bench.memory.u8.buffer).includes(Buffer.from(key))).toBe(false);
});

describe('655df688f8: SAs of IPv6 were written as ones of IPv4', () => {
  const clear = espFrame({ spi: 5, destination: IPV6_END });

  it('never find their packets', () => {
    const { card, driver } = naive('IP version is never stored');
    driver.addRx({ spi: 5, address: IPV6_END });
    expect(secp(card, enciphered(clear, KEY, 40))).toBe(0);
  });

  it('find them with this driver', () => {
    const bench = secureBench();
    bench.bind(bench.session(ingress(5)), IPV6_END);
    expect(bench.receiveFrame(enciphered(clear, KEY, 40)).flags).toBe(RX_SEC_OFFLOAD);
  });
});

describe('b1a3ac782d, 3a690d5a65: the pattern of a rule, and when it is made', () => {
  it('has the first packets missed by an SA that comes late', () => {
    const { card, driver } = naive();
    const first = enciphered(espFrame({ spi: 5 }));
    expect(secp(card, first)).toBe(0);
    driver.addRx({ spi: 5, address: TUNNEL_END });
    expect(secp(card, first)).toBe(GOOD);
  });

  it('has an all-zero address find nothing', () => {
    const { card, driver } = naive();
    driver.addRx({ spi: 5, address: new Uint8Array(4) });
    expect(secp(card, enciphered(espFrame({ spi: 5 })))).toBe(0);
  });

  it('may be before the start with this driver, and has to have an address of its own version', () => {
    const bench = new SecureBench().configure(BOTH);
    bench.bind(bench.session(ingress(5)));
    bench.port.promiscuous = true;
    bench.port.start();
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    const [, actions] = rule(bench.session(ingress(6)));
    const wrong = { type: 'ipv4', spec: { destination: IPV6_END } } as never;
    const pattern = [{ type: 'eth' }, wrong, { type: 'esp' }, { type: 'end' }] as const;
    expect(() => bench.port.flowCreate({ ingress: true }, pattern, actions)).toThrow();
  });
});

it('614af75489: metadata has a field of its own in the mbuf', () => {
  const bench = secureBench();
  const session = bench.session(egress(7));
  const field = registerDynfield(bench.memory, { name: 'application', bytes: 8, align: 8 });
  const metadata = securityMetadataField(bench.memory);
  expect(Math.abs(field - metadata)).toBeGreaterThanOrEqual(8);
  const m = bench.secret(session, espFrame({ spi: 7 }));
  bench.memory.u8.fill(0xff, m + field, m + field + 8);
  bench.send([m]);
  expect(bench.list.sent).toEqual([enciphered(espFrame({ spi: 7 }))]);
});

it('848a37cead, 4d70ae0f1b: a port that is closed leaves no context, and its sessions can still be ended', () => {
  const bench = secureBench();
  const session = bench.session(egress(7));
  const bound = bench.session(ingress(5));
  bench.bind(bound);
  bench.end();
  expect(() => bench.security.sessionDestroy(session)).not.toThrow();
  expect(() => bench.security.sessionDestroy(bound)).not.toThrow();
  expect(bench.sessions.available).toBe(64);
  expect(bench.memory.u8.subarray(session.position + 16, session.position + 64).every((byte) => byte === 0)).toBe(true);
});

describe('590ad6c13b: a rule was made though its SA could not be added', () => {
  const fill = (add: (i: number) => void) => {
    for (let i = 0; i < 1024; i++) add(i);
  };

  it('has packets that are never deciphered', () => {
    const { card, driver } = naive('failures are not told');
    fill((i) => driver.addRx({ spi: 100 + i, address: TUNNEL_END }));
    expect(() => driver.addRx({ spi: 5, address: TUNNEL_END })).not.toThrow();
    expect(secp(card, enciphered(espFrame({ spi: 5 })))).toBe(0);
  });

  it('is told by this driver, and leaves no rule; rules can be destroyed', () => {
    const bench = new SecureBench({ sessions: 1100 }).start(BOTH);
    fill((i) => bench.bind(bench.session(ingress(100 + i))));
    const session = bench.session(ingress(5));
    expect(() => bench.bind(session)).toThrow(/receive SA table of the 82599 is full/);
    const [first] = bench.port.flows;
    expect(bench.port.flows).toHaveLength(1024);
    bench.port.flowDestroy(first);
    bench.bind(session);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
  });
});

it('eb3de5f328, b2eb30b5c2, f82b3ed6ab: an action without a session, an item without a spec, and both ways to give a session', () => {
  const bench = secureBench();
  const session = bench.session(ingress(5));
  const [pattern, actions] = rule(session);
  const create = (p: typeof pattern, a: typeof actions) => bench.port.flowCreate({ ingress: true }, p, a);
  const wrong = (what: string) => expect.objectContaining({ code: `ERR_FLOW_${what}` });
  expect(() => create(pattern, [{ type: 'security' }, { type: 'end' }])).toThrow(wrong('ACTION_CONF'));
  expect(() => create([{ type: 'ipv4' }, { type: 'esp' }, { type: 'end' }], actions)).toThrow(wrong('ITEM_SPEC'));
  for (const conf of [session, { securitySession: session }]) {
    const flow = create(pattern, [{ type: 'security', conf }, { type: 'end' }]);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
    bench.port.flowDestroy(flow);
  }
});

it('98cc2abfb2: a session has nothing in it that only one thread could use', () => {
  const memory = Memory.create({ bytes: 32 << 20, shared: true });
  const bench = secureBench({ memory });
  const session = bench.session(egress(7));
  const m = bench.mbuf(espFrame({ spi: 7 }));
  const elsewhere = Memory.attach(memory.handle);
  expect(writePacketMetadata(elsewhere, securityMetadataField(elsewhere), session.position, m)).toBe(0);
  const first = bench.secret(session, espFrame({ spi: 7 }));
  const words = (at: number) => memory.u32.slice((at + securityMetadataField(memory)) >> 2, ((at + 8) >> 2) + 1);
  expect(words(m)).toEqual(words(first));
});

it('574ee66ee5: a rule of another group is refused', () => {
  const bench = secureBench();
  const [pattern, actions] = rule(bench.session(ingress(5)));
  expect(() => bench.port.flowCreate({ ingress: true, group: 1 }, pattern, actions)).toThrow(
    expect.objectContaining({ code: 'ERR_FLOW_ATTR_GROUP' }),
  );
});
