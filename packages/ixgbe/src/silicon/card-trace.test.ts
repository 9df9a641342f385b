import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import * as descriptor from '../descriptors.ts';
import { ipsrxkey, REG } from '../registers.ts';
import { espFrame, TUNNEL_END } from '../testing/esp-frame.ts';
import { ListWire } from '../testing/list-wire.ts';
import { espContext, RegisterProgram } from '../testing/register-program.ts';
import { Card82599 } from './card.ts';
import { type CardEvent, cardEventData, formatCardEvent } from './card-trace.ts';
import type { CardOptions } from './options.ts';

const KEY = new Uint8Array(16).fill(0x5a);
const SALT = Uint8Array.of(1, 2, 3, 4);

/** A card with SA 3 out and SA 0 in, SPI 5, and what it tells. */
function bench(options: CardOptions = {}) {
  const memory = Memory.create({ bytes: 16 << 20 });
  const wire = new ListWire(memory);
  const [engine, environment] = [createNobleEngine(memory), simulatedEnvironment()];
  const macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
  const card = Card82599.create({ name: '0', memory, wire, engine, environment, macAddress, options });
  const program = new RegisterProgram(card, memory, 'p');
  program.reset();
  program.startReceive();
  program.startTransmit();
  program.startSecurity();
  program.writeTxSa(3, { key: KEY, salt: SALT });
  program.writeRxSa(0, { spi: 5, address: TUNNEL_END, key: KEY, salt: SALT });
  const events: CardEvent[] = [];
  const decisions = (): string[] => {
    const found = events.filter((event) => 'outcome' in event);
    events.length = 0;
    return found.map(formatCardEvent);
  };
  const leave = (spi: number, index = 3): Uint8Array => {
    const [context, options] = [espContext({ index }), descriptor.TXD_POPTS_IPSEC];
    program.send(espFrame({ spi }), { context, options });
    card.step(32);
    return wire.sent.pop() ?? new Uint8Array(0);
  };
  const arrive = (frame: Uint8Array): string[] => {
    wire.incoming.push(frame);
    card.step(32);
    program.receive();
    return decisions();
  };
  card.trace((event) => events.push(event));
  return { card, program, events, decisions, leave, arrive };
}

describe('the trace of a card', () => {
  it('tells register accesses with their fields, in order, and no keys', () => {
    const { card, events } = bench();
    card.write(ipsrxkey(0), 0x12345678);
    card.write(REG.IPSRXIDX, 0x8000_000f);
    card.read(REG.STATUS);
    card.write(REG.STATUS, 1);
    card.read(0x7fff0);
    expect(events.map(formatCardEvent)).toEqual([
      'write IPSRXKEY(0)[08e1c]:********',
      'write IPSRXIDX[08e00]:8000000f {IPS_RX_EN=1 TABLE=3 TB_IDX=1 WRITE=1}',
      'read STATUS[00008]:00080000 {GIO_MASTER_EN=1}',
      'write STATUS[00008]:00000001 (refused)',
      'read ?[7fff0]:00000000 (refused)',
    ]);
    const [key, command] = events.map((event) => ({ ...cardEventData(event), time: 0 }));
    expect(key).toEqual({ time: 0, kind: 'write', offset: 0x8e1c, register: 'IPSRXKEY(0)', secret: true });
    expect(command).toEqual({
      time: 0,
      kind: 'write',
      offset: 0x8e00,
      register: 'IPSRXIDX',
      value: 0x8000_000f,
      fields: { IPS_RX_EN: 1, TABLE: 3, TB_IDX: 1, WRITE: 1 },
    });
    expect(JSON.stringify(events.map(cardEventData))).not.toMatch(/12345678|305419896/);
  });

  it('tells what became of each packet that the security block looked at', () => {
    const { card, decisions, leave, arrive } = bench();
    const wire = leave(5);
    expect(decisions()).toEqual(['tx ESP SA 3 → SPI 5 → enciphered']);
    expect(arrive(wire)).toEqual(['rx ESP SPI 5 → IP index 0 → SA 0 → ICV good']);
    expect(arrive(wire.with(-1, wire[wire.length - 1] ^ 1))).toEqual([
      'rx ESP SPI 5 → IP index 0 → SA 0 → ICV bad (code 11)',
    ]);
    const cut = wire.slice(0, 14 + 20 + 32);
    expect(arrive(cut)).toEqual(['rx ESP SPI 5 → IP index 0 → SA 0 → bad length (code 10)']);
    expect(arrive(espFrame({ spi: 6 }))).toEqual(['rx ESP SPI 6 → IP index 0 → no SPI entry']);
    expect(arrive(espFrame({ spi: 5, destination: Uint8Array.of(10, 0, 0, 1) }))).toEqual([
      'rx ESP SPI 5 → to 0a000001 → no IP entry',
    ]);
    card.write(REG.IPSRXMOD, 0x09);
    card.write(REG.IPSRXIDX, 0x8000_0007);
    expect(arrive(wire)).toEqual(['rx ESP SPI 5 → IP index 0 → SA 0 → the SA is of the other protocol (code 01)']);
    card.write(REG.IPSRXMOD, 0x0c);
    card.write(REG.IPSRXIDX, 0x8000_0007);
    expect(arrive(wire)).toEqual(['rx ESP SPI 5 → IP index 0 → SA 0 → key entry not valid']);
    card.write(REG.IPSRXIDX, 0);
    expect(arrive(wire)).toEqual(['rx ESP SPI 5 → IP index 0 → SA 0 → IPsec is off']);
    card.write(REG.IPSTXIDX, 0);
    expect(leave(5).subarray(-16)).toEqual(new Uint8Array(16));
    expect(decisions()).toEqual(['tx ESP SA 3 → SPI 5 → IPsec is off: sent in clear']);
  });

  it('tells why a packet that asked for the security block was passed over or dropped', () => {
    const picky = bench({ transmitWhileOff: 'drop', contextCheck: 'needed' });
    picky.leave(5);
    expect(picky.decisions()).toEqual(['tx ESP SA 3 → SPI 5 → CC is 0: sent in clear']);
    picky.card.write(REG.IPSTXIDX, 0);
    expect(picky.leave(5)).toHaveLength(0);
    expect(picky.decisions()).toEqual(['tx ESP SA 3 → SPI 5 → IPsec is off: dropped']);
    const { program, card, decisions, events } = bench();
    const send = () => {
      const cut = espFrame({ spi: 5 }).subarray(0, 14 + 20 + 31);
      program.send(cut, { context: espContext({ index: 3 }), options: descriptor.TXD_POPTS_IPSEC });
      card.step(32);
    };
    send();
    expect(events.map(cardEventData).find(({ outcome }) => outcome !== undefined)).toMatchObject({
      ...{ kind: 'transmit', outcome: 'dropped', reason: 'no-room' },
    });
    expect(decisions()).toEqual(['tx ESP SA 3 → SPI 5 → no room for it: dropped']);
  });

  it('gives decisions as data, with what the descriptor says', () => {
    const { events, leave, arrive, card } = bench();
    const wire = leave(5);
    expect(events.map(cardEventData).filter(({ outcome }) => outcome !== undefined)).toMatchObject([
      { kind: 'transmit', protocol: 'esp', sa: 3, spi: 5, outcome: 'enciphered' },
    ]);
    const data: Record<string, unknown>[] = [];
    card.trace((event) => data.push(cardEventData(event)));
    arrive(wire.with(-1, wire[wire.length - 1] ^ 1));
    expect(data.filter(({ outcome }) => outcome !== undefined)).toMatchObject([
      {
        ...{ kind: 'receive', queue: 0, protocol: 'esp', spi: 5, destination: 'ac100205', ipIndex: 0, sa: 0 },
        ...{ outcome: 'icv-bad', secp: true, secerr: 3 },
      },
    ]);
  });

  it('ends when nobody listens any more', () => {
    const { card, events, leave } = bench();
    card.trace(undefined);
    leave(5);
    expect(events).toEqual([]);
  });
});
