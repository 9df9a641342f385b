import type { EngineCandidate } from '@inline-ipsec/cryptodev/engine-choice';
import type { DeviceDriver } from '@inline-ipsec/eal/bus';
import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import type { Eal } from '@inline-ipsec/eal/eal';
import { parsePciAddress } from '@inline-ipsec/eal/pci-address';
import type { EthPorts } from '@inline-ipsec/ethdev/ports';
import type { WireKinds } from '@inline-ipsec/wire/wire-kinds';
import { IxgbeDriver } from './driver/ixgbe-driver.ts';
import { IXGBE_DRIVER_NAME, plugCard } from './plugged-card.ts';
import type { Card82599 } from './silicon/card.ts';
import type { CardOptions } from './silicon/options.ts';

/**
 * What makes `-a 06:00.0,wire=cable,cable=NAME` a port: a modelled 82599 plugged into a wire, and the driver for it. It is
 * the one place that knows both; the driver gets the card's registers and nothing else of it.
 */

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
 * The driver for the EAL's PCI bus. Each device is a card of its own: `-a ADDRESS[,wire=KIND,…][,engine=NAME][,ARGUMENT=VALUE]…`. Without
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
  const { ports } = options;
  const log = eal.log.type('IXGBE', 'pmd.net.ixgbe');
  const plugged = plugCard(device, { ...options, eal, log: (line) => log.debug(line) });
  const { card } = plugged;
  let driver: IxgbeDriver | undefined;
  let stepped = false;
  const unplug = (): void => {
    if (stepped) eal.steps.remove(card.name);
    stepped = false;
    plugged.close();
  };
  try {
    options.onCard?.(card);
    driver = driverOf(card, unplug);
    eal.steps.add(card);
    stepped = true;
    ports.add(driver, device.name, [card.wire]);
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
