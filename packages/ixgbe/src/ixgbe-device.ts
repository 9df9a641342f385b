import type { Engine } from '@inline-ipsec/cryptodev/engine';
import { chooseEngine, type EngineCandidate, openEngineByName } from '@inline-ipsec/cryptodev/engine-choice';
import type { DeviceDriver } from '@inline-ipsec/eal/bus';
import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import type { Eal } from '@inline-ipsec/eal/eal';
import { SetupError } from '@inline-ipsec/eal/errors';
import { parsePciAddress } from '@inline-ipsec/eal/pci-address';
import type { EthPorts } from '@inline-ipsec/ethdev/ports';
import type { Wire } from '@inline-ipsec/wire/wire';
import type { WireKinds } from '@inline-ipsec/wire/wire-kinds';
import { IxgbeDriver } from './driver/ixgbe-driver.ts';
import { Card82599 } from './silicon/card.ts';
import type { CardOptions } from './silicon/options.ts';

/**
 * What makes `-a 06:00.0,wire=cable,cable=NAME` a port: a modelled 82599 plugged into a wire, and the driver for it. It is
 * the one place that knows both; the driver gets the card's registers and nothing else of it.
 */

/** Name of the driver, as DPDK has it. */
export const IXGBE_DRIVER_NAME = 'net_ixgbe';

/** What {@link ixgbeDevice} needs. */
export interface IxgbeDeviceOptions {
  /** Where its ports go. */
  readonly ports: EthPorts;
  /** What `wire=` may name. */
  readonly wires: WireKinds;
  /** What `engine=` may name, the best one first: without `engine=`, a card gets the first that opens. */
  readonly engines: readonly EngineCandidate[];
  /** The open questions about the silicon, for all cards. */
  readonly card?: CardOptions;
  /** Sees every card that is made, before its driver does, for dumps and traces. */
  readonly onCard?: (card: Card82599) => void;
}

/**
 * The driver for the EAL's PCI bus. Each device is a card of its own: `-a ADDRESS[,wire=KIND,…][,engine=NAME]`. Without
 * `wire=` the card's cable is unplugged: its link is down.
 *
 * A card is stepped through the EAL's list, under the name of its device, which is the name of the port as well. When the
 * port is closed the card is gone, with its engine and its wire.
 */
export function ixgbeDevice(options: IxgbeDeviceOptions): DeviceDriver {
  return {
    name: IXGBE_DRIVER_NAME,
    match: (name) => parsePciAddress(name) === name,
    probe: (device, eal) => plug(device, eal, options),
    remove: ({ name }) => {
      const port = options.ports.byName(name);
      port?.stop();
      port?.close();
    },
  };
}

function plug(device: DeviceArguments, eal: Eal, options: IxgbeDeviceOptions): void {
  const { memory, environment } = eal;
  const { ports, wires, engines, card: cardOptions = {} } = options;
  const kind = wires.of(device);
  device.requireKnown(['wire', 'engine', ...kind.keys], IXGBE_DRIVER_NAME);
  const engineName = device.get('engine');
  const log = eal.log.type('IXGBE', 'pmd.net.ixgbe');

  const opened = kind.open({ memory, environment }, device);
  const undo: (() => void)[] = opened.map((wire) => () => wire.close());
  const unplug = (): void => {
    for (const step of undo.splice(0).reverse()) step();
  };
  let driver: IxgbeDriver | undefined;
  try {
    const wire = onlyWire(device, opened);
    let engine: Engine;
    if (engineName !== undefined) engine = openEngineByName(memory, engines, engineName);
    else {
      const choice = chooseEngine(memory, engines);
      engine = choice.engine;
      for (const line of choice.refused) log.debug(`${device.name}: ${line}`);
    }
    undo.push(() => engine.close());
    log.debug(`${device.name}: 82599 over wire ${wire.name}, engine ${engine.name}`);
    const card = Card82599.create({
      name: device.name,
      memory,
      wire,
      engine,
      environment,
      macAddress: macAddressOf(device.name),
      options: { ...cardOptions, lanId: lanIdOf(device.name) },
    });
    undo.push(() => card.close());
    options.onCard?.(card);
    driver = driverOf(card, unplug);
    eal.steps.add(card);
    undo.push(() => eal.steps.remove(card.name));
    ports.add(driver, device.name, opened);
  } catch (error) {
    driver?.close();
    unplug();
    throw error;
  }
}

/**
 * The driver of a card, which it meets in its registers and in memory.
 *
 * @param onClose called when the port is closed
 */
export function driverOf(card: Card82599, onClose: () => void = () => {}): IxgbeDriver {
  const { name, memory } = card;
  return new IxgbeDriver({ name, memory, registers: card, settle: () => card.settle(), onClose });
}

/** A card has one socket; several captures make several wires, for a port with a queue for each. */
function onlyWire(device: DeviceArguments, wires: readonly Wire[]): Wire {
  if (wires.length === 1) return wires[0];
  throw new SetupError({
    code: 'ERR_IXGBE_WIRES',
    errno: 'EINVAL',
    message: `device ${device.name} cannot be plugged into several wires`,
    expected: 'one',
    got: String(wires.length),
    remedy: 'give each capture a card of its own, or use a software port',
  });
}

/** The function's number: which of the two ports of a device it is. */
function lanIdOf(address: string): 0 | 1 {
  return Number(address.slice(-1)) % 2 === 0 ? 0 : 1;
}

/** An address with Intel's prefix of these cards, whose last three bytes are bus, device and function. */
function macAddressOf(address: string): Uint8Array {
  const [, bus, slot] = address.split(':');
  const [device, fn] = slot.split('.');
  const number = (Number.parseInt(device, 16) << 3) | Number(fn);
  return Uint8Array.of(0x90, 0xe2, 0xba, Number.parseInt(address, 16) & 0xff, Number.parseInt(bus, 16), number);
}
