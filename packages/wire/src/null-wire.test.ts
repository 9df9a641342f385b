import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { beforeEach, describe, expect, it } from 'vitest';
import { NULL_WIRE_KIND, NullWire } from './null-wire.ts';

const environment = simulatedEnvironment();
let memory: Memory;
let at: Uint32Array;
const lengths = new Uint32Array(8);

beforeEach(() => {
  memory = Memory.create({ bytes: 1024 * 1024 });
  const zone = memory.reserve('slots', 8 * 2048);
  at = Uint32Array.from({ length: 8 }, (_, i) => zone.position + 2 + i * 2048);
  memory.u8.fill(0xee, zone.position, zone.position + 8 * 2048);
});

describe('NullWire', () => {
  it('gives as many frames of zeros as are asked for, 64 bytes long', () => {
    const wire = new NullWire({ memory, environment }, 'net_null0');
    expect(wire.receive(at, 2000, lengths, 3)).toBe(3);
    expect([...lengths.slice(0, 3)]).toEqual([64, 64, 64]);
    expect(memory.view(at[2], 64).every((byte) => byte === 0)).toBe(true);
    expect(memory.u8[at[2] + 64]).toBe(0xee);
    expect(wire.done).toBe(false);
    expect(wire.endless).toMatch(/no-rx=1/);
  });

  it('writes long frames whole only with copy', () => {
    const quick = new NullWire({ memory, environment }, 'n0', { size: 1500 });
    quick.receive(at, 2000, lengths, 1);
    expect([lengths[0], memory.u8[at[0] + 63], memory.u8[at[0] + 64]]).toEqual([1500, 0, 0xee]);
    const whole = new NullWire({ memory, environment }, 'n1', { size: 1500, copy: true });
    whole.receive(at, 2000, lengths, 1);
    expect([memory.u8[at[0] + 1499], memory.u8[at[0] + 1500]]).toEqual([0, 0xee]);
    expect(whole.transmit(at, lengths, 1)).toBe(1);
    whole.close();
    expect(memory.lookup('null_n1')).toBeUndefined();
  });

  it('writes no more than there is room for, and says the true length', () => {
    const wire = new NullWire({ memory, environment }, 'n0', { size: 1500, copy: true });
    wire.receive(at, 100, lengths, 1);
    expect([lengths[0], memory.u8[at[0] + 99], memory.u8[at[0] + 100]]).toEqual([1500, 0, 0xee]);
  });

  it('is silent and done with noRx, and swallows what is sent', () => {
    const wire = new NullWire({ memory, environment }, 'n0', { noRx: true });
    expect(wire.receive(at, 2000, lengths, 8)).toBe(0);
    expect(wire.done).toBe(true);
    expect(wire.endless).toBeUndefined();
    expect(wire.transmit(at, lengths, 8)).toBe(8);
  });

  it('gives only what is due when it is paced, and counts what nobody took in time', () => {
    const clock = simulatedEnvironment();
    clock.advance(5e9);
    const wire = new NullWire({ memory, environment: clock }, 'n0', { pace: 1000 });
    expect(wire.receive(at, 2000, lengths, 8)).toBe(1);
    expect(wire.receive(at, 2000, lengths, 8)).toBe(0);
    clock.advance(3e6);
    expect(wire.receive(at, 2000, lengths, 2)).toBe(2);
    expect(wire.receive(at, 2000, lengths, 8)).toBe(1);
    clock.advance(2e9);
    let got = 0;
    for (let count = 8; count > 0; got += count) count = wire.receive(at, 2000, lengths, 8);
    expect(got + wire.missed).toBe(2000);
    expect(got).toBe(1024);
  });

  it('gives and takes nothing once closed', () => {
    const wire = new NullWire({ memory, environment }, 'n0');
    wire.close();
    wire.close();
    expect(wire.receive(at, 2000, lengths, 8)).toBe(0);
    expect(wire.transmit(at, lengths, 8)).toBe(0);
  });

  it('is made from device arguments, and refuses numbers that make no sense', () => {
    const open = (text: string) => NULL_WIRE_KIND.open({ memory, environment }, parseDeviceArguments(text));
    const [wire] = open('06:00.0,wire=null,size=200');
    wire.receive(at, 2000, lengths, 1);
    expect(lengths[0]).toBe(200);
    expect(open('06:00.0,wire=null,no-rx=1')[0].done).toBe(true);
    for (const text of ['d,size=0', 'd,size=65536', 'd,size=x', 'd,pace=0', 'd,no-rx=2']) {
      expect(() => open(text)).toThrow(expect.objectContaining({ code: 'ERR_DEVICE_ARGUMENT_VALUE' }));
    }
  });
});
