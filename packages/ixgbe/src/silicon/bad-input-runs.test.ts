import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { espFrame, TUNNEL_END } from '../testing/esp-frame.ts';
import { ListWire } from '../testing/list-wire.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';

/** The loops over many descriptors look at addresses by themselves. They must look as well as the way for one does. */

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const FENCE = 0x4000;
const HOST = 0x8000;
const PATTERN = 0xa5;
const SA = { key: new Uint8Array(16).fill(7), salt: Uint8Array.of(1, 2, 3, 4) };

/**
 * A card that may reach memory up to a fence at the end, but for a gap that has a fence at each of its ends and the card
 * between them.
 */
function fenced() {
  const memory = Memory.create({ bytes: 16 << 20 });
  const rings = memory.reserve('rings', HOST, 128).position;
  const first = memory.reserve('first', FENCE, 128).position;
  const wire = new ListWire(memory);
  let end = 0;
  let gapEnd = 0;
  const reachable = (low: number, length: number) => low + length <= end && (low >= gapEnd || low + length <= first);
  const dma = {
    position: (high: number, low: number, length: number) => (high === 0 && reachable(low, length) ? low : 0),
    direct: { end: 0, gap: first, gapEnd: 0 },
  };
  const engine = createNobleEngine(memory);
  const environment = simulatedEnvironment();
  const card = Card82599.create({ name: '0', memory, wire, engine, environment, macAddress: MAC, dma });
  const second = memory.reserve('second', FENCE, 128).position;
  gapEnd = second + FENCE;
  const host = memory.reserve('host', HOST, 128).position;
  end = memory.reserve('last', FENCE, 128).position;
  Object.assign(dma.direct, { end, gapEnd });
  const fences = [first, second, end];
  for (const at of fences) memory.u8.fill(PATTERN, at, at + FENCE);
  const untouched = () => fences.every((at) => memory.u8.subarray(at, at + FENCE).every((byte) => byte === PATTERN));
  return { memory, wire, card, rings, host, first, gapEnd, end, untouched };
}

/** Whether a frame has bytes of a fence in it. */
function leaks(frame: Uint8Array): boolean {
  return frame.some((_, i) => i >= 8 && frame.subarray(i - 8, i).every((byte) => byte === PATTERN));
}

describe('runs of descriptors that point near what may not be reached', () => {
  it('never touch it, nor read it, whatever is sent and received', () => {
    const { memory, wire, card, rings, host, first, gapEnd, end, untouched } = fenced();
    const program = new RegisterProgram(card, memory, 'p');
    program.startSecurity();
    program.writeTxSa(0, SA);
    program.writeRxSa(0, { spi: 5, address: TUNNEL_END, ...SA });
    card.write(REG.DMATXCTL, 0x8100_0001);
    card.write(REG.RXCTRL, 1);
    card.write(REG.FCTRL, field.FCTRL_BAM);
    const near = (at: number) => fc.integer({ min: at - 2300, max: at + 300 }).map((n) => Math.max(n, rings + 4096));
    const address = fc
      .oneof(
        { arbitrary: fc.integer({ min: host, max: host + HOST - 4096 }), weight: 6 },
        near(first),
        near(end),
        fc.integer({ min: first, max: gapEnd }),
        fc.constantFrom(0, 0x7fff_fff0, 0x8000_0002, 0xffff_fff2, end + FENCE - 2),
      )
      .chain((at) => fc.constantFrom((at & ~3) + 2, at).map((n) => n >>> 0));
    const length = fc.oneof(fc.constantFrom(60, 64, 66, 98), fc.integer({ min: 17, max: 2200 }));
    const sent = fc.record({
      at: address,
      bytes: length,
      high: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
      esp: fc.boolean(),
    });
    const esp = espFrame({ spi: 5 });
    const plain = Uint8Array.from(esp, (byte, i) => (i === 23 ? 4 : byte));
    const long = new Uint8Array(1500).fill(3);
    long.set(plain.subarray(0, 34));
    const frame = fc.constantFrom(esp, plain, long);
    const tails = fc.constantFrom(30, 31, 31, 31, 32, 0xffff);
    fc.assert(
      fc.property(
        fc.array(sent, { maxLength: 30 }),
        fc.array(address, { minLength: 32, maxLength: 32 }),
        fc.array(frame, { maxLength: 31 }),
        tails,
        (packets, buffers, frames, rxTail) => {
          card.write(reg.rxdctl(0), 0);
          card.write(reg.txdctl(0), 0);
          card.settle();
          memory.u8.fill(0x11, host, host + HOST);
          memory.u32.set(espContext({ index: 0 }), rings >> 2);
          packets.forEach(({ at, bytes, high, esp: secured }, n) => {
            const options = (bytes << descriptor.TXD_PAYLEN_SHIFT) | (secured ? descriptor.TXD_POPTS_IPSEC : 0);
            memory.u32.set(
              [at, high, descriptor.TXD_WHOLE | descriptor.TXD_RS | bytes, options],
              (rings + 16 * (n + 1)) >> 2,
            );
          });
          buffers.forEach((at, n) => {
            memory.u32.set([at, 0, 0, 0], (rings + 1024 + 16 * n) >> 2);
          });
          card.write(reg.tdbal(0), rings);
          card.write(reg.tdlen(0), 512);
          card.write(reg.rdbal(0), rings + 1024);
          card.write(reg.rdlen(0), 512);
          card.write(reg.srrctl(0), descriptor.SRRCTL_DESCTYPE_ADVANCED_ONE_BUFFER | 2);
          card.write(reg.txdctl(0), field.TXDCTL_ENABLE);
          card.write(reg.rxdctl(0), field.RXDCTL_ENABLE);
          card.write(reg.rdt(0), rxTail);
          card.write(reg.tdt(0), packets.length + 1);
          wire.incoming.push(...frames);
          card.step(64);
          card.step(64);
          const read = wire.sent.some(leaks);
          wire.sent.length = 0;
          wire.incoming.length = 0;
          expect(card.read(reg.tdh(0))).toBe(packets.length + 1);
          return untouched() && !read;
        },
      ),
      { numRuns: 300 },
    );
    const seen = card.counters();
    for (const name of [
      'txBadAddress',
      'rxBadAddress',
      'rxTailBeyondRing',
      'txDropped',
      'rxSecurityAuthentication',
    ] as const) {
      expect(seen[name], name).toBeGreaterThan(0);
    }
  });
});

describe('a ring of odd length', () => {
  it('is counted, and has as many descriptors as there are whole groups of eight', () => {
    const { memory, wire, card, rings, host } = fenced();
    card.write(reg.tdbal(0), rings + 8);
    card.write(reg.tdlen(0), 128 + 40);
    expect([card.read(reg.tdbal(0)), card.read(reg.tdlen(0)), card.counter('ringsUnaligned')]).toEqual([rings, 128, 2]);
    card.write(REG.DMATXCTL, 0x8100_0001);
    card.write(reg.txdctl(0), field.TXDCTL_ENABLE);
    for (let n = 0; n < 9; n++) {
      memory.u32.set([host, 0, descriptor.TXD_WHOLE | 60, 60 << descriptor.TXD_PAYLEN_SHIFT], (rings + 16 * n) >> 2);
    }
    card.write(reg.tdt(0), 7);
    card.step(16);
    card.write(reg.tdt(0), 2);
    card.step(16);
    expect([wire.sent.length, card.read(reg.tdh(0))]).toEqual([10, 2]);
    // A tail in the part that is not there is beyond the ring.
    card.write(reg.tdt(0), 9);
    card.step(16);
    expect([wire.sent.length, card.counter('txTailBeyondRing')]).toEqual([10, 1]);
    card.write(reg.rdlen(0), 64);
    card.write(reg.rxdctl(0), field.RXDCTL_ENABLE);
    card.settle();
    expect([card.read(reg.rdlen(0)), card.counter('ringsUnaligned'), card.counter('rxRingOutside')]).toEqual([0, 3, 1]);
  });
});
