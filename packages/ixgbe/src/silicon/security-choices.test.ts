import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import { REG } from '../registers.ts';
import { espFrame, TUNNEL_END } from '../testing/esp-frame.ts';
import { espContext } from '../testing/register-program.ts';
import { KEY, OTHER_KEY, SALT, type Seal, sealed } from '../testing/secure-bench.ts';
import { SecuredCard } from '../testing/secured-card.ts';
import type { CardOptions } from './options.ts';

/** What the datasheets leave open about the security block: each choice, and its default. */

const seal: Seal = (key, nonce, aad, text) => {
  const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad);
  return Uint8Array.of(...cipher.update(text), ...cipher.final(), ...cipher.getAuthTag());
};
const CLEAR = espFrame({ spi: 5 });
const WIRE = sealed(seal, CLEAR);
const SECURITY = descriptor.RXD_STAT_SECP | descriptor.RXD_SECERR;

function bench(options: CardOptions = {}): SecuredCard {
  const all = new SecuredCard(options);
  all.program.writeTxSa(9, { key: KEY, salt: SALT });
  all.program.writeRxSa(9, { spi: 5, address: TUNNEL_END, key: KEY, salt: SALT });
  return all;
}

describe('a packet for the security block while it is off', () => {
  const off = [
    ['IPS_TX_EN is 0', REG.IPSTXIDX, 0],
    ['SECTX_DIS is 1', REG.SECTXCTRL, field.SECTXCTRL_SECTX_DIS | field.SECTXCTRL_STORE_FORWARD],
  ] as const;

  it.each(off)('leaves in clear when %s, and is counted', (_name, register, value) => {
    const all = bench();
    all.card.write(register, value);
    expect(all.leave(CLEAR, espContext({ index: 9 }))).toEqual(CLEAR);
    expect(all.card.counter('txSecurityOff')).toBe(1);
  });

  it.each(off)('is dropped by choice when %s', (_name, register, value) => {
    const all = bench({ transmitWhileOff: 'drop' });
    all.card.write(register, value);
    expect(all.leave(CLEAR, espContext({ index: 9 }))).toBeUndefined();
    expect(all.card.counters()).toMatchObject({ txSecurityOff: 1, txDropped: 1 });
  });
});

describe('CC in the data descriptor', () => {
  const asked = descriptor.TXD_POPTS_IPSEC;

  it('is ignored, for DPDK leaves it 0', () => {
    const all = bench();
    expect(all.leave(CLEAR, espContext({ index: 9 }), asked)).toEqual(WIRE);
    expect(all.leave(CLEAR, espContext({ index: 9 }), asked | descriptor.TXD_CC)).toEqual(WIRE);
  });

  it('is needed by choice', () => {
    const all = bench({ contextCheck: 'needed' });
    expect(all.leave(CLEAR, espContext({ index: 9 }), asked)).toEqual(CLEAR);
    expect(all.card.counter('txSecurityWithoutCheck')).toBe(1);
    expect(all.leave(CLEAR, espContext({ index: 9 }), asked | descriptor.TXD_CC)).toEqual(WIRE);
  });
});

describe('the place of the ESP header', () => {
  const wrong = espContext({ index: 9, iplen: 24 });

  it('is told by the IP version, whatever IPLEN is', () => {
    const all = bench();
    expect(all.leave(CLEAR, wrong)).toEqual(WIRE);
    expect(all.card.counter('txSecurityHeaderDiffers')).toBe(0);
  });

  it('is told by IPLEN by choice, also with a layer 4 checksum', () => {
    const all = bench({ espHeader: 'iplen' });
    expect(all.leave(CLEAR, espContext({ index: 9 }))).toEqual(WIRE);
    expect(all.leave(CLEAR, wrong)).not.toEqual(WIRE);
    expect(all.card.counter('txSecurityHeaderDiffers')).toBe(1);
    const summed = espContext({ index: 9, iplen: 36, espLen: 20, layer4: descriptor.TXC_L4T_UDP });
    all.leave(CLEAR, summed, descriptor.TXD_POPTS_IPSEC | descriptor.TXD_POPTS_TXSM);
    expect(all.card.counter('txSecurityHeaderDiffers')).toBe(1);
  });
});

describe('of equal entries', () => {
  it.each([
    ['lowest', 9],
    ['highest', 700],
  ] as const)('the %s one is found, and the trace tells it', (equalEntries, found) => {
    const all = bench({ equalEntries });
    const traced: unknown[] = [];
    all.card.trace((event) => event.kind === 'receive' && traced.push(event));
    const other = found === 9 ? 700 : 9;
    const sa = { spi: 5, address: TUNNEL_END, salt: SALT };
    all.program.writeRxSa(found, { ...sa, key: OTHER_KEY, ipIndex: 9 });
    all.program.writeRxSa(other, { ...sa, key: KEY, ipIndex: 9 });
    const theirs = sealed(seal, CLEAR, { key: OTHER_KEY });
    expect((all.arrive(theirs)?.status ?? 0) & SECURITY).toBe(descriptor.RXD_STAT_SECP);
    expect(traced).toMatchObject([{ sa: found, outcome: 'icv-good' }]);
  });

  it('the same goes for addresses', () => {
    for (const equalEntries of ['lowest', 'highest'] as const) {
      const all = bench({ equalEntries });
      // The same address at 9 and at 100, and SA 9 is of index 9.
      all.program.writeRxSa(20, { spi: 6, address: TUNNEL_END, ipIndex: 100, key: KEY, salt: SALT });
      const found = (all.arrive(WIRE)?.status ?? 0) & descriptor.RXD_STAT_SECP;
      expect(found !== 0).toBe(equalEntries === 'lowest');
    }
  });
});

describe('a table command in the write that changes the enable bit', () => {
  function write(options: CardOptions) {
    const { card } = bench(options);
    card.write(REG.IPSRXIDX, 0);
    card.settle();
    const before = card.counter('tableWrites');
    card.write(REG.IPSRXSPI, 77);
    card.write(REG.IPSRXIDX, field.IPSRXIDX_WRITE | descriptor.IPSRX_TABLE_SPI | field.IPSRXIDX_IPS_RX_EN);
    card.settle();
    expect(card.counter('enablesWithCommand')).toBe(1);
    expect(card.counter('tableWrites') - before).toBe(1);
    return card.read(REG.IPSRXIDX) & field.IPSRXIDX_IPS_RX_EN;
  }

  it('does both, as DPDK wants it, and is counted', () => {
    expect(write({})).toBe(1);
  });

  it('leaves the bit as it was, by choice', () => {
    expect(write({ enableWithCommand: 'ignore' })).toBe(0);
  });
});

describe('the ready bits', () => {
  it.each([false, true])('of paths that run are %s', (idleReady) => {
    const { card } = bench({ idleReady });
    card.settle();
    expect([card.read(REG.SECTXSTAT) & 1, card.read(REG.SECRXSTAT) & 1]).toEqual(idleReady ? [1, 1] : [0, 0]);
  });

  it('say nothing of a transmit side that still holds a frame', () => {
    const all = bench();
    all.wire.room = 0;
    all.program.send(CLEAR, { context: espContext({ index: 9 }), options: descriptor.TXD_POPTS_IPSEC });
    all.card.step(8);
    all.card.write(REG.SECTXCTRL, field.SECTXCTRL_TX_DIS | field.SECTXCTRL_STORE_FORWARD);
    all.card.step(8);
    expect(all.card.read(REG.SECTXSTAT) & field.SECTXSTAT_SECTX_RDY).toBe(0);
    all.wire.room = 1;
    all.card.step(8);
    all.card.settle();
    expect(all.wire.sent).toEqual([WIRE]);
    expect(all.card.read(REG.SECTXSTAT) & field.SECTXSTAT_SECTX_RDY).toBe(1);
  });
});

describe('what the receive side makes of a packet', () => {
  it('does not depend on what its padding is', () => {
    const all = bench();
    for (const pad of [2, 10, 254]) {
      const clear = espFrame({ spi: 5, pad });
      clear.fill(0xee, clear.length - 18 - pad, clear.length - 18);
      const got = all.arrive(sealed(seal, clear));
      expect((got?.status ?? 0) & SECURITY, `pad ${pad}`).toBe(descriptor.RXD_STAT_SECP);
      expect(got?.bytes.subarray(0, clear.length - 16)).toEqual(clear.subarray(0, clear.length - 16));
    }
  });

  const address = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  const v6 = espFrame({ spi: 6, destination: address });
  const sealedV6 = sealed(seal, v6, { l3: 40 });
  const extended = (type: number): Uint8Array => {
    const frame = Uint8Array.of(...sealedV6.subarray(0, 54), 50, 0, 1, 4, 0, 0, 0, 0, ...sealedV6.subarray(54));
    frame[18 + 1] += 8;
    frame[20] = type;
    return frame;
  };
  const snap = (frame: Uint8Array): Uint8Array =>
    Uint8Array.of(
      ...frame.subarray(0, 12),
      (frame.length - 6) >> 8,
      (frame.length - 6) & 255,
      ...[0xaa, 0xaa, 3, 0, 0, 0],
      ...frame.subarray(12),
    );
  const ESP = descriptor.RXD_PTYPE_ESP;

  it.each([
    ['IPv6 behind hop-by-hop options', extended(0), 0],
    ['IPv6 behind a routing header', extended(43), 0],
    ['an IPv6 fragment', extended(44), 0],
    ['IPv6 behind destination options', extended(60), 0],
    ['IPv6 in SNAP', snap(sealedV6), ESP],
    ['IPv4 in SNAP', snap(WIRE), ESP],
  ])('%s is never for an SA, and may or may not be reported as ESP', (_name, frame, reported) => {
    const all = bench();
    all.program.writeRxSa(10, { spi: 6, address, key: KEY, salt: SALT });
    expect((all.arrive(sealedV6)?.status ?? 0) & SECURITY).toBe(descriptor.RXD_STAT_SECP);
    const got = all.arrive(frame);
    expect(got?.bytes).toEqual(frame);
    expect((got?.status ?? 0) & SECURITY).toBe(0);
    expect((got?.info ?? 0) & ESP).toBe(reported);
  });

  it('is the same behind one VLAN tag and behind two', () => {
    const all = bench();
    for (const tags of [1, 2]) {
      const tagged = sealed(seal, espFrame({ spi: 5, tags }), { l3: 20 + 4 * tags });
      expect((all.arrive(tagged)?.status ?? 0) & SECURITY, `${tags} tags`).toBe(descriptor.RXD_STAT_SECP);
    }
  });
});
