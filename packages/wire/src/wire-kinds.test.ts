import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import type { Wire } from './wire.ts';
import { WireKinds } from './wire-kinds.ts';

const context = { memory: Memory.create({ bytes: 4 * 1024 * 1024 }), environment: simulatedEnvironment() };

function open(kinds: WireKinds, text: string): Wire {
  const device = parseDeviceArguments(text);
  return kinds.of(device).open(context, device)[0];
}

describe('WireKinds', () => {
  const kinds = new WireKinds();

  it('leaves a device without wire= unplugged: no link, nothing in, nothing out, done', () => {
    const wire = open(kinds, '06:00.0,engine=noble');
    expect(wire.name).toBe('none');
    expect(wire.link).toEqual({ up: false, speedMbps: 0 });
    const table = new Uint32Array(4);
    expect(wire.receive(table, 100, table, 4)).toBe(0);
    expect(wire.transmit(table, table, 4)).toBe(0);
    expect([wire.done, wire.endless]).toEqual([true, undefined]);
  });

  it('joins two devices of one cable name', () => {
    const a = open(kinds, '06:00.0,wire=cable,cable=left');
    const b = open(kinds, '06:00.1,wire=cable,cable=left');
    expect([a.name, a.link.up, b.link.up]).toEqual(['cable', true, true]);
  });

  it('wants the name of a cable', () => {
    expect(() => open(kinds, '06:00.0,wire=cable')).toThrow(
      expect.objectContaining({ code: 'ERR_DEVICE_ARGUMENT_MISSING' }),
    );
  });

  it('names the kinds that it knows when it does not know one', () => {
    expect(() => open(kinds, '06:00.0,wire=cabel,cable=x')).toThrow(
      expect.objectContaining({ code: 'ERR_WIRE_KIND', remedy: 'did you mean cable?' }),
    );
    expect(() => open(kinds, '06:00.0,wire=tap')).toThrow(/expected none, cable, null, got tap/);
  });

  it('takes other kinds', () => {
    const more = new WireKinds().add({ name: 'tap', keys: ['iface'], open: () => [] });
    expect(more.names).toEqual(['none', 'cable', 'null', 'tap']);
    expect(more.of(parseDeviceArguments('x,wire=tap')).keys).toEqual(['iface']);
  });
});
