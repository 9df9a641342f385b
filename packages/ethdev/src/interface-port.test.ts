import { Eal } from '@inline-ipsec/eal/eal';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { PktmbufPool } from '@inline-ipsec/mbuf/pktmbuf';
import { LoopWire } from '@inline-ipsec/wire/loop-wire';
import type { NetworkInterface } from '@inline-ipsec/wire/network-interface';
import type { Wire, WireKind } from '@inline-ipsec/wire/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { portConformance } from './conformance.ts';
import type { EthPort } from './port.ts';
import { EthPorts } from './ports.ts';
import { tapDevice } from './software-devices.ts';

/** A port over an interface that writes down what it is told. */

let told: string[];
let gone: boolean;
let port: EthPort;
let written: string;

const say = (what: string): void => {
  if (gone) throw new Error('no such interface');
  told.push(what);
};
const networkInterface: NetworkInterface = {
  name: 'dtap7',
  macAddress: Uint8Array.of(2, 0, 0, 0, 0, 7),
  setMacAddress: (address) => say(`address ${address[5]}`),
  setMtu: (mtu) => say(`mtu ${mtu}`),
  setUp: (up) => say(up ? 'up' : 'down'),
  setPromiscuous: (on) => say(`promiscuous ${on}`),
  setAllMulticast: (on) => say(`all groups ${on}`),
};
const kind: WireKind = {
  name: 'tap',
  keys: ['iface'],
  open: ({ memory }, { name }) => [Object.assign(new LoopWire(memory, name), { networkInterface }) as Wire],
};

beforeEach(() => {
  told = [];
  gone = false;
  const ports = new EthPorts();
  const environment = simulatedEnvironment();
  const memory = Memory.create({ bytes: 4 * 1024 * 1024 });
  const argv = ['test', '--no-pci', '--vdev', 'net_tap0,iface=dtap%d'];
  Eal.init({ argv, environment, memory, drivers: [tapDevice(ports, kind)] });
  port = ports.byId(0);
  port.configure({ mtu: 1400 });
  port.rxQueueSetup(0, { pool: PktmbufPool.create(memory, 'pool', { count: 127 }) });
  port.txQueueSetup(0);
  written = environment.written.stderr;
});

describe('a port over an interface of the operating system', () => {
  it('has its address, and says which it is', () => {
    expect(port.macAddress).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 7));
    expect(port.info().driverName).toBe('net_tap');
    expect(written).toContain('net_tap0 is interface dtap7\n');
  });

  it('hands on what it is told', () => {
    port.start();
    port.promiscuous = true;
    port.allMulticast = true;
    port.setMtu(1300);
    port.setMacAddress(Uint8Array.of(2, 0, 0, 0, 0, 8));
    expect(port.macAddress[5]).toBe(8);
    port.stop();
    expect(told).toEqual([
      ...['mtu 1400', 'up', 'promiscuous false', 'all groups false'],
      ...['promiscuous true', 'all groups true', 'mtu 1300', 'address 8', 'down'],
    ]);
  });

  it('ends also when the interface is gone', () => {
    port.start();
    gone = true;
    expect(() => port.setMtu(1200)).toThrow('no such interface');
    expect(port.mtu).toBe(1400);
    port.stop();
    port.close();
    expect(port.state).toBe('closed');
  });
});

describe('the conformance suite over such a port', () => {
  const open = () => {
    const [memory, ports] = [Memory.create({ bytes: 8 * 1024 * 1024 }), new EthPorts()];
    const argv = ['test', '--no-pci', '--vdev', 'net_tap0'];
    Eal.init({ argv, environment: simulatedEnvironment(), memory, drivers: [tapDevice(ports, kind)] });
    return { memory, ports, port: ports.byId(0) };
  };
  for (const { name, run } of portConformance({ open, receives: false, sends: false })) it(name, run);
});
