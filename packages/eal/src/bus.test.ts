import { describe, expect, it } from 'vitest';
import type { DeviceDriver } from './bus.ts';
import { Eal } from './eal.ts';
import { simulatedEnvironment } from './environment.ts';
import { SetupError } from './errors.ts';
import { Memory } from './memory.ts';
import { parsePciAddress } from './pci-address.ts';

const MEMORY = Memory.create({ bytes: 0x40000 });

/** Drivers for any card, for `net_tap…` and for `crypto_null…`, and what they did. */
function drivers(present: readonly string[] = []) {
  const trail: string[] = [];
  function driver(name: string, match: (device: string) => boolean): DeviceDriver {
    return {
      name,
      match,
      probe: (device) => {
        if (device.has('broken')) {
          throw new SetupError({ code: 'ERR_TAP_OPEN', errno: 'EACCES', message: 'no right to open /dev/net/tun' });
        }
        trail.push(device.text);
      },
      remove: (device) => {
        trail.push(`- ${device.name}`);
      },
    };
  }
  const tap = driver('net_tap', (name) => name.startsWith('net_tap'));
  const crypto = driver('crypto_null', (name) => name.startsWith('crypto_null'));
  const card = { ...driver('net_ixgbe', (name) => parsePciAddress(name) === name), scan: () => present };
  return { trail, all: [tap, crypto, card] };
}

/** Starts an EAL with these options. */
function start(line: string, { trail, all } = drivers()) {
  const environment = simulatedEnvironment();
  const eal = Eal.init({ argv: ['app', ...line.split(' ')], environment, drivers: all, memory: MEMORY });
  return { eal, trail, lines: environment.written.stderr.split('\n').slice(0, -1) };
}

describe('devices', () => {
  it('are probed PCI first, each bus in the order given', () => {
    const { trail, eal } = start('--vdev net_tap0,mac=fixed -a 06:00.1 --vdev=crypto_null0 -w 0000:06:00.0,wire=null');
    expect(trail).toEqual(['0000:06:00.1', '0000:06:00.0,wire=null', 'net_tap0,mac=fixed', 'crypto_null0']);
    expect(eal.buses.map(({ name, devices }) => [name, devices.length])).toEqual([
      ['pci', 2],
      ['vdev', 2],
    ]);
  });

  it('are probed with the EAL, once', () => {
    const seen: Eal[] = [];
    const one: DeviceDriver = { name: 'net_null', match: () => true, probe: (_device, eal) => seen.push(eal) };
    const { eal } = start('--vdev net_null0', { trail: [], all: [one] });
    expect(eal.probe()).toBe(0);
    expect(seen).toEqual([eal]);
    expect(seen[0].memory).toBe(MEMORY);
  });

  it('are one device by whichever form of the address, and the last arguments count', () => {
    const { trail, lines } = start('-a 06:00.0,wire=null -a 06:00.1 -a 0000:06:00.0,wire=cable');
    expect(trail).toEqual(['0000:06:00.0,wire=cable', '0000:06:00.1']);
    expect(lines).toContain('EAL: Device 0000:06:00.0 is given twice: its last arguments count');
  });

  it('that fail are logged, and the start goes on', () => {
    const { trail, eal, lines } = start('--vdev net_tap0,broken --vdev crypto_null0');
    expect(trail).toEqual(['crypto_null0']);
    expect(lines).toEqual(['EAL: net_tap0: no right to open /dev/net/tun', 'EAL: Bus (vdev) probe failed.']);
    expect(eal.probe()).toBe(0);
  });

  it('whose driver has a fault of its own end the start', () => {
    const broken: DeviceDriver = {
      name: 'net_null',
      match: () => true,
      probe: () => {
        throw new TypeError('undefined is no function');
      },
    };
    expect(() => start('--vdev net_null0', { trail: [], all: [broken] })).toThrow(TypeError);
  });

  it.each(['--vdev net_tpa0', '-a net_tpa0', '-b net_tpa0'])('that no bus knows are refused in %s', (line) => {
    expect(() => start(line)).toThrow(expect.objectContaining({ code: 'ERR_DEVICE_UNKNOWN', errno: 'EINVAL' }));
  });

  it('that no bus knows are refused with the names of the drivers', () => {
    expect(() => start('--vdev net_tpa0')).toThrow(
      'option --vdev names a device that no bus knows: expected a name that begins with net_tap, crypto_null, ' +
        'got net_tpa0; did you mean net_tap?',
    );
    expect(() => start('-a 06:00', { trail: [], all: [] })).toThrow(
      'expected a PCI address such as 06:00.0, or no virtual devices here, got 06:00',
    );
  });

  it('on the PCI bus are not virtual devices', () => {
    expect(() => start('--vdev 06:00.0')).toThrow(expect.objectContaining({ code: 'ERR_DEVICE_UNKNOWN' }));
  });

  it('that no driver takes are named in a warning', () => {
    const { lines } = start('-a 06:00.0', { trail: [], all: [] });
    expect(lines).toEqual(['EAL: Device 0000:06:00.0 is not probed: no driver takes it']);
  });

  it('are not probed without a PCI bus', () => {
    const { trail, lines } = start('--no-pci -a 06:00.0 --vdev net_tap0', drivers(['0000:07:00.0']));
    expect(trail).toEqual(['net_tap0']);
    expect(lines).toContain('EAL: Device 0000:06:00.0 is not probed: there is no PCI bus (--no-pci)');
  });

  it('with virtual names can be allowed, and come before those of --vdev', () => {
    expect(start('--vdev net_tap0 -a net_tap5,iface=veth1').trail).toEqual(['net_tap5,iface=veth1', 'net_tap0']);
  });
});

describe('devices that are found', () => {
  const present = ['0000:03:00.0', '0000:03:00.1'];

  it('are probed before virtual ones', () => {
    expect(start('--vdev net_tap0', drivers(present)).trail).toEqual([...present, 'net_tap0']);
  });

  it('are left alone when others are allowed, or when nothing is to be probed by itself', () => {
    expect(start('-a 03:00.1', drivers(present)).trail).toEqual(['0000:03:00.1']);
    expect(start('-A --vdev net_tap0', drivers(present)).trail).toEqual(['net_tap0']);
  });

  it('are left alone when they are blocked, in either form of the address', () => {
    expect(start('-b 3:0.0', drivers(present)).trail).toEqual(['0000:03:00.1']);
    expect(start('--block 0000:03:00.1', drivers(present)).trail).toEqual(['0000:03:00.0']);
  });
});

describe('cleaning up', () => {
  it('removes the devices that work, the last one first', () => {
    const { eal, trail } = start('-a 06:00.0 --vdev net_tap0 --vdev net_tap1,broken --vdev net_tap2');
    trail.length = 0;
    eal.cleanup();
    expect(trail).toEqual(['- net_tap2', '- net_tap0', '- 0000:06:00.0']);
  });
});
