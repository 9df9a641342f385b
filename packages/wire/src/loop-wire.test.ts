import { Memory } from '@inline-ipsec/eal/memory';
import { expect, it } from 'vitest';
import { CableWire } from './cable-wire.ts';
import { LoopWire } from './loop-wire.ts';

it('a LoopWire gives back what is sent into it, and its cable is nobody else’s', () => {
  const memory = Memory.create({ bytes: 2 * 1024 * 1024 });
  const wire = new LoopWire(memory, 'net_ring0');
  const at = Uint32Array.of(memory.reserve('slot', 256).position + 2);
  const lengths = Uint32Array.of(100);
  expect([wire.link.up, wire.done]).toEqual([true, true]);
  expect(() => CableWire.plug(memory, 'net_ring0')).toThrow(expect.objectContaining({ code: 'ERR_CABLE_ENDS' }));
  memory.u8.fill(7, at[0], at[0] + 100);
  expect(wire.transmit(at, lengths, 1)).toBe(1);
  expect(wire.done).toBe(false);
  memory.u8.fill(0, at[0], at[0] + 100);
  expect(wire.receive(at, 200, lengths, 1)).toBe(1);
  expect([lengths[0], memory.u8[at[0]], memory.u8[at[0] + 99]]).toEqual([100, 7, 7]);
  wire.close();
  wire.close();
  expect([wire.link.up, wire.transmit(at, lengths, 1), memory.lookup('cable_net_ring0')]).toEqual([
    false,
    0,
    undefined,
  ]);
  CableWire.plug(memory, 'half');
  expect(() => new LoopWire(memory, 'half')).toThrow(expect.objectContaining({ code: 'ERR_CABLE_ENDS' }));
  expect(CableWire.plug(memory, 'half').end).toBe(1);
});
