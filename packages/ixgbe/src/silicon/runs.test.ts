import { createCipheriv } from 'node:crypto';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import * as field from '../register-fields.ts';
import * as reg from '../registers.ts';
import { REG } from '../registers.ts';
import { espFrame, ICV_BYTES, TUNNEL_END } from '../testing/esp-frame.ts';
import { ListWire } from '../testing/list-wire.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';

/** Frames that are alike are done in runs, others alone. Whatever a mixture of them is, it must come to the same. */

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);
const SALT = Uint8Array.of(0xa0, 0xa1, 0xa2, 0xa3);
const GMAC = 2;
const keyOf = (sa: number): Uint8Array => new Uint8Array(16).fill(7 + sa);
const spiOf = (sa: number): number => 0x1000 + sa;

/**
 * A card, with two SAs of GCM and one of GMAC each way.
 *
 * @param inRuns false: its buffers, its DMA and its steps are such that no run is ever longer than one frame
 */
function bench(inRuns: boolean) {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const card = Card82599.create({
    name: '0',
    memory,
    wire,
    engine: createNobleEngine(memory),
    environment: simulatedEnvironment(),
    macAddress: MAC,
    ...(inRuns ? {} : { dma: { position: (_: number, low: number) => low } }),
  });
  const program = new RegisterProgram(card, memory, 'p', inRuns ? 2 : 0);
  program.reset();
  program.startReceive(0, 128);
  program.startTransmit(0, 256);
  program.startSecurity();
  for (let sa = 0; sa <= GMAC; sa++) {
    program.writeTxSa(sa, { key: keyOf(sa), salt: SALT });
    const mode = field.IPSRXMOD_VALID | field.IPSRXMOD_PROTO | (sa === GMAC ? 0 : field.IPSRXMOD_DECRYPT);
    program.writeRxSa(sa, { address: TUNNEL_END, spi: spiOf(sa), ipIndex: 0, key: keyOf(sa), salt: SALT, mode });
  }
  const run = (frames: number): void => {
    for (let i = 0; i < frames; i += inRuns ? 32 : 1) card.step(inRuns ? 32 : 1);
  };
  return { memory, wire, card, program, run };
}

/** What the card has counted, wherever it counts. */
function counted({ card }: { card: Card82599 }) {
  const words: number[] = [
    REG.TPR,
    REG.TORL,
    REG.GPRC,
    REG.GORCL,
    REG.MPRC,
    REG.BPRC,
    REG.RUC,
    REG.ROC,
    REG.TPT,
    REG.GPTC,
  ];
  words.push(
    REG.GOTCL,
    REG.MPTC,
    REG.BPTC,
    reg.qprc(0),
    reg.qbrcL(0),
    reg.qptc(0),
    reg.qbtcL(0),
    reg.rdh(0),
    reg.tdh(0),
  );
  for (let i = 0; i < 6; i++) words.push(REG.PRC64 + 4 * i, REG.PTC64 + 4 * i);
  return { registers: words.map((offset) => card.read(offset)), counters: card.counters() };
}

function encrypted(clear: Uint8Array, sa: number): Uint8Array {
  const frame = clear.slice();
  const cipher = createCipheriv('aes-128-gcm', keyOf(sa), [...SALT, ...frame.subarray(42, 50)].reduce(append, EMPTY));
  const end = frame.length - ICV_BYTES;
  if (sa === GMAC) cipher.setAAD(frame.subarray(34, end));
  else {
    cipher.setAAD(frame.subarray(34, 42));
    frame.set(cipher.update(frame.subarray(50, end)), 50);
  }
  cipher.final();
  frame.set(cipher.getAuthTag(), end);
  return frame;
}

const EMPTY: Uint8Array = new Uint8Array(0);
const append = (bytes: Uint8Array, byte: number): Uint8Array => Uint8Array.from([...bytes, byte]);

function udp(bytes: number, to: Uint8Array = MAC): Uint8Array {
  const frame = new Uint8Array(bytes).map((_, i) => i);
  frame.set(to);
  frame.set([8, 0, 0x45, 0, (bytes - 14) >> 8, (bytes - 14) & 0xff, 0, 0, 0x40, 0, 64, 17, 0, 0], 12);
  return frame;
}

/** A frame by its kind; `sequence` makes it one of its own. */
const KINDS: Record<string, (sequence: number) => Uint8Array> = {
  plain: () => udp(64),
  shortest: () => udp(60),
  odd: () => udp(65),
  tagged: () => udp(66),
  long: () => udp(700),
  runt: () => udp(40),
  oversize: () => udp(1600),
  foreign: () => udp(64, Uint8Array.of(2, 9, 9, 9, 9, 9)),
  broadcast: () => udp(64, new Uint8Array(6).fill(0xff)),
  first: (sequence) => encrypted(espFrame({ spi: spiOf(0), sequence }), 0),
  second: (sequence) => encrypted(espFrame({ spi: spiOf(1), sequence, payload: new Uint8Array(200).fill(3) }), 1),
  gmac: (sequence) => encrypted(espFrame({ spi: spiOf(GMAC), sequence }), GMAC),
  unknown: (sequence) => encrypted(espFrame({ spi: 0x9999, sequence }), 0),
  elsewhere: (sequence) => encrypted(espFrame({ spi: spiOf(0), sequence, destination: Uint8Array.of(1, 2, 3, 4) }), 0),
  tagged_esp: (sequence) => espFrame({ spi: spiOf(0), sequence, tags: 1 }),
  forged: (sequence) => {
    const frame = encrypted(espFrame({ spi: spiOf(0), sequence }), 0);
    frame[frame.length - 1] ^= 1;
    return frame;
  },
  bad_sum: (sequence) => {
    const frame = encrypted(espFrame({ spi: spiOf(0), sequence }), 0);
    frame[22] ^= 1;
    return frame;
  },
  trailed: (sequence) => Uint8Array.from([...encrypted(espFrame({ spi: spiOf(0), sequence }), 0), 1, 2, 3]),
  cut: (sequence) => encrypted(espFrame({ spi: spiOf(0), sequence }), 0).subarray(0, 80),
  uneven: (sequence) => encrypted(espFrame({ spi: spiOf(0), sequence, pad: 1 }), 0),
};

const mixture = (names: string[]) =>
  fc
    .array(fc.record({ name: fc.constantFrom(...names), times: fc.integer({ min: 1, max: 5 }) }), { maxLength: 30 })
    .map((runs) => runs.flatMap(({ name, times }) => new Array<string>(times).fill(name)).slice(0, 100));

describe('runs of frames that are alike', () => {
  it('are received like single ones', () => {
    fc.assert(
      fc.property(mixture(Object.keys(KINDS)), (names) => {
        const [quick, slow] = [true, false].map((inRuns) => {
          const it = bench(inRuns);
          it.wire.incoming.push(...names.map((name, i) => KINDS[name](i + 1)));
          it.run(names.length);
          const got = [];
          for (let next = it.program.receive(); next !== undefined; next = it.program.receive()) got.push(next);
          return { got, ...counted(it) };
        });
        expect(quick).toEqual(slow);
        const bytes = quick.got.reduce((sum, frame) => sum + frame.bytes.length, 0);
        expect(quick.registers.slice(2, 4)).toEqual([quick.got.length, bytes]);
      }),
      { numRuns: 60 },
    );
  });

  it('are sent like single ones', () => {
    const kinds = [
      'plain',
      'shortest',
      'odd',
      'long',
      'runt',
      'broadcast',
      'first',
      'second',
      'gmac',
      'bad_sum',
      'segments',
    ];
    fc.assert(
      fc.property(mixture(kinds), (names) => {
        const [quick, slow] = [true, false].map((inRuns) => {
          const it = bench(inRuns);
          let current = -1;
          for (const [i, name] of names.entries()) {
            const sa = ['first', 'second', 'gmac'].indexOf(name);
            if (sa >= 0) {
              const context = current === sa ? {} : { context: espContext({ index: sa, encrypt: sa !== GMAC }) };
              current = sa;
              const payload = new Uint8Array(20 + 100 * sa).fill(i);
              const frame = espFrame({ spi: spiOf(sa), sequence: i + 1, payload });
              it.program.send(frame, { ...context, options: descriptor.TXD_POPTS_IPSEC });
            } else if (name === 'segments') it.program.send(udp(200), { segments: [50] });
            else it.program.send(KINDS[name](i + 1));
          }
          it.run(names.length);
          expect(it.card.idle).toBe(true);
          return { sent: it.wire.sent, ...counted(it) };
        });
        expect(quick).toEqual(slow);
        // The other way round, by another library.
        for (const [i, name] of names.entries()) {
          const sa = ['first', 'second', 'gmac'].indexOf(name);
          if (sa < 0) continue;
          const payload = new Uint8Array(20 + 100 * sa).fill(i);
          expect(quick.sent[i]).toEqual(encrypted(espFrame({ spi: spiOf(sa), sequence: i + 1, payload }), sa));
        }
      }),
      { numRuns: 60 },
    );
  });
});
