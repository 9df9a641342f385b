import type { DeviceDriver } from '@inline-ipsec/eal/bus';
import type { Environment } from '@inline-ipsec/eal/environment';
import { CABLE_WIRE_KIND } from '@inline-ipsec/wire/cable-wire';
import type { CaptureFiles } from '@inline-ipsec/wire/capture-files';
import { LoopWire } from '@inline-ipsec/wire/loop-wire';
import { NULL_WIRE_KIND } from '@inline-ipsec/wire/null-wire';
import { pcapWireKind } from '@inline-ipsec/wire/pcap-wire';
import type { WireKind } from '@inline-ipsec/wire/wire';
import type { EthDriver } from './driver.ts';
import { InterfacePort } from './interface-port.ts';
import type { EthPorts } from './ports.ts';
import { SoftwarePort } from './software-port.ts';

/**
 * The virtual devices that are ports over wires, as the EAL's `--vdev` names them:
 *
 * - `net_null0[,size=64][,copy=1][,no-rx=1][,pace=PPS]`
 * - `net_ring0[,cable=NAME]`: two of one name are joined; without a name it gets back what it sends
 * - `net_pcap0[,rx_pcap=FILE]…[,tx_pcap=FILE]…[,infinite_rx=1][,pace=PPS]`
 * - `net_tap0[,iface=NAME][,mac=fixed|ADDRESS]`
 *
 * Keys that a device does not know are refused, as by DPDK's drivers.
 */

/** What a {@link softwareDevice} is. */
export interface SoftwareDeviceOptions {
  /** Where its ports go. */
  readonly ports: EthPorts;
  /** Name of the driver, with which the names of its devices begin, such as `net_pcap`. */
  readonly name: string;
  /** What its ports are plugged into. */
  readonly kind: WireKind;
  /** The address of its next port, 6 bytes; ports over interfaces of the operating system have theirs. */
  readonly macAddress: (environment: Environment) => Uint8Array;
}

/** A driver for the EAL's virtual bus: each of its devices is a port over wires of one kind. */
export function softwareDevice({ ports, name, kind, macAddress }: SoftwareDeviceOptions): DeviceDriver {
  return {
    name,
    match: (device) => device.startsWith(name),
    probe: (device, { memory, environment, log }) => {
      device.requireKnown(kind.keys, name);
      const wires = kind.open({ memory, environment }, device);
      try {
        const options = { memory, name: device.name, driverName: name, wires };
        const { networkInterface } = wires[0];
        let driver: EthDriver;
        if (networkInterface === undefined) {
          driver = new SoftwarePort({ ...options, macAddress: macAddress(environment) });
        } else {
          driver = new InterfacePort({ ...options, networkInterface });
          log.type('ETHDEV', 'lib.ethdev').info(`${device.name} is interface ${networkInterface.name}`);
        }
        ports.add(driver, device.name, wires);
      } catch (error) {
        for (const wire of wires) wire.close();
        throw error;
      }
    },
    remove: (device) => {
      const port = ports.byName(device.name);
      port?.stop();
      port?.close();
    },
  };
}

/** net_null. Its address is random and locally administered, as in DPDK. */
export function nullDevice(ports: EthPorts): DeviceDriver {
  return softwareDevice({ ports, name: 'net_null', kind: NULL_WIRE_KIND, macAddress: randomMac });
}

/** net_ring. Its address is all zeros, as in DPDK. */
export function ringDevice(ports: EthPorts): DeviceDriver {
  const kind: WireKind = {
    ...CABLE_WIRE_KIND,
    open: (context, device) =>
      device.has('cable') ? CABLE_WIRE_KIND.open(context, device) : [new LoopWire(context.memory, device.name)],
  };
  return softwareDevice({ ports, name: 'net_ring', kind, macAddress: () => new Uint8Array(6) });
}

/**
 * net_pcap. Its addresses are 02:70:63:61:70:00 ("pcap") and up, as in DPDK.
 *
 * @param files what opens capture files: `NodeCaptureFiles` of `@inline-ipsec/wire/pcap-file`, or files in memory
 */
export function pcapDevice(ports: EthPorts, files: CaptureFiles): DeviceDriver {
  let next = 0;
  const macAddress = (): Uint8Array => Uint8Array.of(0x02, 0x70, 0x63, 0x61, 0x70, next++);
  return softwareDevice({ ports, name: 'net_pcap', kind: pcapWireKind(files), macAddress });
}

/**
 * net_tap. A port has the address of its interface, as in DPDK.
 *
 * @param kind that of `tapWireKind` of `@inline-ipsec/wire/tap`
 */
export function tapDevice(ports: EthPorts, kind: WireKind): DeviceDriver {
  return softwareDevice({ ports, name: 'net_tap', kind, macAddress: randomMac });
}

/** All of these; net_pcap only where there is something to open capture files, net_tap where there is its kind of wire. */
export function softwareDevices(ports: EthPorts, files?: CaptureFiles, tap?: WireKind): DeviceDriver[] {
  const devices = [nullDevice(ports), ringDevice(ports)];
  if (files !== undefined) devices.push(pcapDevice(ports, files));
  if (tap !== undefined) devices.push(tapDevice(ports, tap));
  return devices;
}

function randomMac(environment: Environment): Uint8Array {
  const address = new Uint8Array(6);
  environment.random(address);
  // Not a group address, and one that no manufacturer gave.
  address[0] = (address[0] & 0xfe) | 0x02;
  return address;
}
