import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { platformEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { portConformance } from '@inline-ipsec/ethdev/conformance';
import { InterfacePort } from '@inline-ipsec/ethdev/interface-port';
import { EthPorts } from '@inline-ipsec/ethdev/ports';
import { tapWireKind } from '@inline-ipsec/wire/tap';
import { describe, it } from 'vitest';
import { TAP_INTERFACES } from './network-namespace.ts';

/** Ports over real TAP interfaces do what every port must. */
describe.skipIf(!TAP_INTERFACES.here)(`a port over a TAP interface${TAP_INTERFACES.note}`, () => {
  const open = () => {
    const [memory, ports] = [Memory.create({ bytes: 8 * 1024 * 1024 }), new EthPorts()];
    const device = parseDeviceArguments(`net_tap0,iface=c${process.pid}`);
    const wires = tapWireKind().open({ memory, environment: platformEnvironment() }, device);
    const [{ networkInterface }] = wires;
    if (networkInterface === undefined) throw new TypeError('a TAP wire has an interface');
    const options = { memory, name: 'net_tap0', driverName: 'net_tap', wires, networkInterface };
    return { memory, ports, port: ports.add(new InterfacePort(options), 'net_tap0', wires) };
  };
  // What the kernel sends by itself comes in between, so frames are not compared here.
  for (const { name, run } of portConformance({ open, receives: false, sends: false })) it(name, run);
});
