import { RX_SEC_OFFLOAD, TX_IPV4_HI, TX_UDP_CKSUM_HI } from '@inline-ipsec/mbuf/offload-flags';
import { describe, expect, it } from 'vitest';
import * as descriptor from './descriptors.ts';
import { IxgbeDriver } from './driver/ixgbe-driver.ts';
import * as field from './register-fields.ts';
import { type RegisterAccessRecord, tracedPort } from './register-trace.ts';
import { REG } from './registers.ts';
import { espFrame, TUNNEL_END } from './testing/esp-frame.ts';
import { NaiveDriver } from './testing/naive-driver.ts';
import { seal } from './testing/node/seal.ts';
import { espContext } from './testing/register-program.ts';
import {
  BOTH,
  egress,
  egressTransport,
  gcm,
  gmac,
  ingress,
  KEY,
  SecureBench,
  sealed,
  secureBench,
  sessionOf,
} from './testing/secure-bench.ts';
import { SecuredCard } from './testing/secured-card.ts';

/**
 * What Linux's driver of the 82599 had to learn. Where the card can show it, it does; the driver of this package does as
 * Linux does now. `docs/driver-defects.md` has the table.
 */

const enciphered = (frame: Uint8Array, key: Uint8Array = KEY): Uint8Array => sealed(seal, frame, { key });
const STOP = { tx: field.SECTXCTRL_TX_DIS, rx: field.SECRXCTRL_RX_DIS };

/** A card whose transmit side holds a frame that its wire does not take, and whose block is still off. */
function undrained() {
  const bench = new SecuredCard();
  const { card, program, wire } = bench;
  card.write(REG.SECRXCTRL, field.SECRXCTRL_SECRX_DIS);
  card.write(REG.SECTXCTRL, field.SECTXCTRL_SECTX_DIS);
  wire.room = 0;
  program.send(espFrame({ spi: 7 }));
  card.step(8);
  card.write(REG.SECTXCTRL, field.SECTXCTRL_SECTX_DIS | STOP.tx);
  card.write(REG.SECRXCTRL, field.SECRXCTRL_SECRX_DIS | STOP.rx);
  card.settle();
  return { card, wire, before: card.counter('securityWithoutDrain') };
}

describe('the drain loop that ended when either side was ready', () => {
  const ready = (card: SecuredCard['card']) => [card.read(REG.SECTXSTAT) & 1, card.read(REG.SECRXSTAT) & 1];

  it('changes the transmit side while a frame is in it', () => {
    const { card, before } = undrained();
    const [tx, rx] = ready(card);
    expect([tx, rx]).toEqual([0, 1]);
    expect((tx | rx) !== 0).toBe(true);
    card.write(REG.SECTXCTRL, field.SECTXCTRL_STORE_FORWARD | STOP.tx);
    expect(card.counter('securityWithoutDrain')).toBe(before + 1);
  });

  it('has to wait for both', () => {
    const { card, wire, before } = undrained();
    wire.room = 1;
    for (let polls = 0; polls < 20 && ready(card).includes(0); polls++) card.step(1);
    expect(ready(card)).toEqual([1, 1]);
    card.write(REG.SECTXCTRL, field.SECTXCTRL_STORE_FORWARD | STOP.tx);
    card.write(REG.SECRXCTRL, STOP.rx);
    expect(card.counter('securityWithoutDrain')).toBe(before);
  });

  it('waits for both in this driver, before anything of the block is changed', () => {
    const bench = new SecureBench();
    const log: RegisterAccessRecord[] = [];
    const driver = new IxgbeDriver({
      name: 'traced',
      memory: bench.memory,
      registers: tracedPort(bench.card, (access) => log.push(access)),
      settle: () => bench.card.settle(),
    });
    const port = bench.ports.add(driver, 'traced', [bench.wire]);
    port.configure(BOTH);
    port.rxQueueSetup(0, { pool: bench.pool, descriptors: 64 });
    port.txQueueSetup(0, { descriptors: 64 });
    log.length = 0;
    const before = bench.card.counter('securityWithoutDrain');
    port.start();
    expect(bench.card.counter('securityWithoutDrain')).toBe(before);
    const first = (kind: string, offset: number, fits: (value: number) => boolean) =>
      log.findIndex((access) => access.kind === kind && access.offset === offset && fits(access.value));
    const enabled = first('write', REG.SECTXCTRL, (value) => (value & field.SECTXCTRL_SECTX_DIS) === 0);
    const drained = [REG.SECTXSTAT, REG.SECRXSTAT].map((stat) => first('read', stat, (value) => (value & 1) !== 0));
    expect(Math.min(...drained)).toBeGreaterThanOrEqual(0);
    expect(enabled).toBeGreaterThan(Math.max(...drained));
    // The enables come when the block is on, and the paths are opened last.
    const ips = first('write', REG.IPSTXIDX, (value) => value === 1);
    expect(ips).toBeGreaterThan(enabled);
    const writes = log.filter(({ kind }) => kind === 'write');
    const last = writes.map(({ offset }) => offset).lastIndexOf(REG.IPSRXIDX);
    const opened = writes.findIndex(
      ({ offset, value }, i) => i > last && offset === REG.SECTXCTRL && (value & STOP.tx) === 0,
    );
    expect(opened).toBeGreaterThan(last);
    expect(writes.some(({ offset, value }) => offset === REG.SECTXMINIFG && (value & 0xf) === 3)).toBe(true);
    expect(writes.some(({ offset, value }) => offset === REG.SECTXBUFFAF && (value & 0x3ff) === 0x15)).toBe(true);
    // Every table command has its enable bit.
    const commands = writes.filter(
      ({ offset, value }) => (offset === REG.IPSRXIDX || offset === REG.IPSTXIDX) && value >>> 30 !== 0,
    );
    expect(commands.length).toBeGreaterThan(1024);
    expect(commands.every(({ value }) => (value & 1) === 1)).toBe(true);
  });
});

describe('the bits of SECTXSTAT and SECRXSTAT', () => {
  it('say that a part is fused off by bit 1, which is no error of the memory', () => {
    const { card } = new SecuredCard({ fuse: 'fused' });
    expect([card.read(REG.SECTXSTAT) & 6, card.read(REG.SECRXSTAT) & 6]).toEqual([2, 2]);
    const sound = new SecuredCard().card;
    expect([sound.read(REG.SECTXSTAT) & 6, sound.read(REG.SECRXSTAT) & 6]).toEqual([0, 0]);
  });

  it('are looked at by this driver, which then offers nothing', () => {
    expect(new SecureBench({ card: { fuse: 'fused' } }).driver.security).toBeUndefined();
  });
});

describe('the length of the trailer', () => {
  const UDP = Uint8Array.of(0, 53, 0, 53, 0, 10, 0, 0, 0xab, 0xcd);
  const summed = (frame: Uint8Array): Uint8Array => {
    const copy = frame.slice();
    const sum = 0xffff - ((53 + 53 + 10 + 0xabcd) & 0xffff);
    copy.set([sum >> 8, sum & 255], 56);
    return copy;
  };
  const frames = [0, 8].map((pad) => espFrame({ spi: 7, payload: UDP, pad }));

  it('is no property of an SA', () => {
    const driver = new NaiveDriver(new SecuredCard(), 'trailer length is kept with the SA');
    const out = driver.addTx(7);
    const sent = frames.map((frame) => driver.send(frame, out, { layer4: true }));
    expect(sent[0]).toEqual(enciphered(summed(frames[0])));
    expect(sent[1]).not.toEqual(enciphered(summed(frames[1])));
  });

  it("is each packet's own in this driver", () => {
    const bench = secureBench();
    const out = bench.session(egressTransport(7));
    bench.send(frames.map((frame) => bench.secret(out, frame, TX_UDP_CKSUM_HI | TX_IPV4_HI)));
    expect(bench.list.sent).toEqual(frames.map((frame) => enciphered(summed(frame))));
  });
});

it('an ICV of other than 128 bits, and a key of other than 128 bits and a salt of 32, are refused', () => {
  const bench = new SecureBench().configure(BOTH);
  const tag = (tagBytes: number) => ({ ...gcm('encrypt'), tagBytes }) as ReturnType<typeof gcm>;
  for (const bytes of [8, 12]) expect(() => bench.session(sessionOf('egress', 1, tag(bytes)))).toThrow(/16 bytes only/);
  for (const bytes of [15, 20, 24, 32]) {
    expect(() => bench.session(egress(1, new Uint8Array(bytes)))).toThrow(/AES-128 only/);
    expect(() => bench.session(sessionOf('egress', 1, gmac('encrypt', new Uint8Array(bytes))))).toThrow(/AES-128 only/);
  }
  for (const bytes of [0, 3, 8]) {
    const short = sessionOf('egress', 1, gcm('encrypt'), { salt: new Uint8Array(bytes) });
    expect(() => bench.session(short)).toThrow(/salt of AES-GCM and AES-GMAC has four bytes/);
  }
});

describe('d785e1fe: tunnel mode', () => {
  it('is as good as transport mode while no segments are made of the packet: the card looks at neither', () => {
    const bench = secureBench();
    for (const mode of ['tunnel', 'transport'] as const) {
      const out = bench.session(sessionOf('egress', 7, gcm('encrypt'), { mode }));
      expect(bench.sendFrame(out, { spi: 7 })).toEqual([enciphered(espFrame({ spi: 7 }))]);
      bench.security.sessionDestroy(out);
    }
  });
});

describe('f39b683d: a packet that came by inline IPsec and is forwarded', () => {
  it('is enciphered by whoever takes its receive side for a request', () => {
    const bench = new SecuredCard();
    const driver = new NaiveDriver(bench);
    driver.addTx(7);
    driver.addRx({ spi: 5, address: TUNNEL_END });
    const got = bench.arrive(enciphered(espFrame({ spi: 5 })))?.bytes ?? new Uint8Array(0);
    expect(bench.leave(got, espContext({ index: 0 }))).not.toEqual(got);
    expect(bench.leave(got, espContext({ index: 0 }), 0)).toEqual(got);
  });

  it('leaves as it is with this driver, unless it asks for more', () => {
    const bench = secureBench();
    bench.session(egress(7));
    bench.bind(bench.session(ingress(5)));
    bench.list.incoming.push(enciphered(espFrame({ spi: 5 })));
    const [m] = bench.receive(1);
    expect(bench.flagsOf(m)).toBe(RX_SEC_OFFLOAD);
    const bytes = bench.bytes(m);
    bench.send([m]);
    expect(bench.list.sent).toEqual([bytes]);
    expect(bench.card.counters()).not.toHaveProperty('txSecurityEncrypted');
  });
});

describe('tables do not survive a reset', () => {
  it('but for addresses and SPIs, which are of no use without keys', () => {
    const bench = new SecuredCard();
    const driver = new NaiveDriver(bench);
    driver.addRx({ spi: 5, address: TUNNEL_END });
    const out = driver.addTx(7);
    bench.restart();
    const got = bench.arrive(enciphered(espFrame({ spi: 5 })));
    expect((got?.status ?? 0) & descriptor.RXD_STAT_SECP).toBe(0);
    driver.send(espFrame({ spi: 7 }), out);
    expect(bench.card.counter('txSecurityZeroKey')).toBe(1);
    driver.restart();
    expect(driver.send(espFrame({ spi: 7 }), out)).toEqual(enciphered(espFrame({ spi: 7 })));
  });

  it('and are loaded again by this driver, whoever did the reset', () => {
    const bench = secureBench();
    const out = bench.session(egress(7));
    bench.bind(bench.session(ingress(5)));
    bench.card.write(REG.CTRL, field.CTRL_RST);
    bench.card.settle();
    expect(bench.usedEntries()).toMatchObject({ keys: 0, tx: 0 });
    bench.port.stop();
    bench.port.start();
    expect(bench.sendFrame(out, { spi: 7 })).toEqual([enciphered(espFrame({ spi: 7 }))]);
    expect(bench.receiveFrame(enciphered(espFrame({ spi: 5 }))).flags).toBe(RX_SEC_OFFLOAD);
  });
});

it('libreswan 968: a replay window is refused with what to do instead, whatever its size', () => {
  const bench = new SecureBench().configure(BOTH);
  for (const replayWindowSize of [32, 128]) {
    const session = sessionOf('ingress', 5, gcm('decrypt'), { replayWindowSize });
    expect(() => bench.session(session)).toThrow(/keeps no replay window.*check the window in software/);
  }
  expect(() => bench.session(sessionOf('ingress', 5, gcm('decrypt'), { replayWindowSize: 0 }))).not.toThrow();
});
