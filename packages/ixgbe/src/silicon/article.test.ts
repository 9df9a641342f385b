import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { CableWire } from '@inline-ipsec/wire/cable-wire';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import { ListWire } from '../testing/list-wire.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import * as article from '../vectors/article.ts';
import { Card82599 } from './card.ts';

const MAC = Uint8Array.of(0x02, 0, 0, 0, 0, 1);

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array | undefined): string {
  return [...(bytes ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function join(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A card with its security block on, and ways to give it a frame and to have it send one. */
function secured() {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const engine = createNobleEngine(memory);
  const card = Card82599.create({
    name: '0',
    memory,
    wire,
    engine,
    environment: simulatedEnvironment(),
    macAddress: MAC,
  });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  program.startReceive();
  program.startTransmit();
  program.startSecurity();
  const arrive = (frame: Uint8Array) => {
    wire.incoming.push(frame);
    card.step(32);
    return program.receive();
  };
  const leave = (frame: Uint8Array, context: readonly number[], options: number) => {
    program.send(frame, { context, options });
    card.step(32);
    return wire.sent.pop();
  };
  return { program, arrive, leave };
}

describe("the article's packet", () => {
  const ethernet = join(MAC, [2, 0, 0, 0, 0, 9, 8, 0]);
  const esp = bytesOf(article.ARTICLE_ESP);
  const sa = { key: bytesOf(article.ARTICLE_KEY), salt: bytesOf(article.ARTICLE_SALT) };
  const framed = join(esp.slice(0, 36), bytesOf(article.ARTICLE_INNER + article.ARTICLE_TRAILER), new Uint8Array(16));

  it('leaves the card bit for bit as it was captured', () => {
    const { program, leave } = secured();
    program.writeTxSa(42, sa);
    const cleared = framed.slice();
    cleared.fill(0, 10, 12);
    const options = descriptor.TXD_POPTS_IPSEC | descriptor.TXD_POPTS_IXSM;
    const sent = leave(join(ethernet, cleared), espContext({ index: 42, espLen: 20 }), options);
    expect(hexOf(sent)).toBe(hexOf(join(ethernet, esp)));
  });

  it('is deciphered to the inner packet, its trailer, and the ICV', () => {
    const { program, arrive } = secured();
    program.writeRxSa(0, { spi: 1005, address: Uint8Array.of(172, 16, 2, 5), ...sa });
    const got = arrive(join(ethernet, esp));
    expect(got?.status).toBe(0x0002_0003 | descriptor.RXD_STAT_IPCS);
    expect(hexOf(got?.bytes)).toBe(hexOf(join(ethernet, framed.slice(0, -16), esp.slice(-16))));
  });

  it('gets the checksum 0x0100 from a card that was left the old one', () => {
    const { leave } = secured();
    const inner = bytesOf(article.ARTICLE_INNER);
    const context = espContext({ index: 0 });
    const sent = leave(join(ethernet, inner), context, descriptor.TXD_POPTS_IXSM) ?? new Uint8Array(0);
    expect((sent[24] << 8) | sent[25]).toBe(article.ARTICLE_DECRYPTED_CHECKSUM);
  });

  it('goes from one card to another over a cable', () => {
    const memory = Memory.create({ bytes: 32 << 20 });
    const cards = ['06:00.0', '06:00.1'].map((name) => {
      const wire = CableWire.plug(memory, 'c');
      const engine = createNobleEngine(memory);
      const environment = simulatedEnvironment();
      const card = Card82599.create({ name, memory, wire, engine, environment, macAddress: MAC });
      const program = new RegisterProgram(card, memory, name);
      program.reset();
      program.startReceive();
      program.startTransmit();
      program.startSecurity();
      return { card, program };
    });
    const [near, far] = cards;
    near.card.step(1);
    expect(near.program.waitLink()).toBe(0x7000_0000);
    near.program.writeTxSa(42, sa);
    far.program.writeRxSa(1000, { spi: 1005, address: Uint8Array.of(172, 16, 2, 5), ...sa });
    for (let i = 0; i < 32; i++) {
      near.program.send(join(ethernet, framed), {
        context: espContext({ index: 42 }),
        options: descriptor.TXD_POPTS_IPSEC,
      });
      near.card.step(8);
    }
    far.card.step(64);
    let good = 0;
    for (let got = far.program.receive(); got !== undefined; got = far.program.receive()) {
      expect(got.bytes.slice(50, 134)).toEqual(bytesOf(article.ARTICLE_INNER));
      if ((got.status & descriptor.RXD_STAT_SECP) !== 0) good++;
    }
    expect(good).toBe(32);
  });
});
