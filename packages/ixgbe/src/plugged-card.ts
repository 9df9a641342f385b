import type { Engine } from '@inline-ipsec/cryptodev/engine';
import { chooseEngine, type EngineCandidate, openEngineByName } from '@inline-ipsec/cryptodev/engine-choice';
import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import type { Environment } from '@inline-ipsec/eal/environment';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { Wire } from '@inline-ipsec/wire/wire';
import type { WireKinds } from '@inline-ipsec/wire/wire-kinds';
import { CARD_ARGUMENTS, cardOptionsOf } from './card-arguments.ts';
import { Card82599 } from './silicon/card.ts';
import type { DmaMap } from './silicon/dma.ts';
import type { CardOptions } from './silicon/options.ts';

/**
 * The card that `06:00.0,wire=cable,cable=NAME[,engine=NAME][,ARGUMENT=VALUE]…` describes, plugged into its wire. What the
 * card can be told is in `card-arguments`.
 * Who drives it is another matter: the driver of this package, or a foreign one.
 */

/** Name of the driver for such devices, as DPDK has it. */
export const IXGBE_DRIVER_NAME = 'net_ixgbe';

/** What {@link plugCard} needs. */
export interface PlugOptions {
  readonly eal: { readonly memory: Memory; readonly environment: Environment };
  /** What `wire=` may name. */
  readonly wires: WireKinds;
  /** What `engine=` may name, the best one first: without `engine=`, a card gets the first that opens. */
  readonly engines: readonly EngineCandidate[];
  /** The open questions about the silicon. */
  readonly card?: CardOptions;
  /** How the card reaches host memory. Default: bus addresses are positions. */
  readonly dma?: DmaMap;
  /** Is between the card and what it is plugged into: it gives the wire that the card gets. */
  readonly onWire?: (wire: Wire) => Wire;
  /** Is told which engine serves, and why not a better one. */
  readonly log?: (line: string) => void;
}

/** A card with what belongs to it. */
export interface PluggedCard {
  readonly card: Card82599;
  readonly engine: Engine;
  /** Pulls it out: card, engine and wire are closed. A second call does nothing. */
  close(): void;
}

/**
 * Opens wire and engine of a device and makes its card. Without `wire=` the cable is unplugged: the link is down.
 *
 * @throws SetupError for arguments that nobody knows or that do not fit, `ERR_IXGBE_WIRES` (EINVAL) for several captures
 */
export function plugCard(device: DeviceArguments, options: PlugOptions): PluggedCard {
  const { eal, wires, engines, dma, log = () => {}, onWire = (wire) => wire } = options;
  const { memory, environment } = eal;
  const kind = wires.of(device);
  device.requireKnown(['wire', 'engine', ...kind.keys, ...CARD_ARGUMENTS], IXGBE_DRIVER_NAME);
  const told = cardOptionsOf(device);
  const opened = kind.open({ memory, environment }, device);
  const undo: (() => void)[] = opened.map((wire) => () => wire.close());
  const close = (): void => {
    for (const step of undo.splice(0).reverse()) step();
  };
  try {
    const wire = onWire(onlyWire(device, opened));
    const engine = openEngine(device, memory, engines, log);
    undo.push(() => engine.close());
    log(`${device.name}: 82599 over wire ${wire.name}, engine ${engine.name}`);
    const card = Card82599.create({
      name: device.name,
      memory,
      wire,
      engine,
      environment,
      macAddress: macAddressOf(device.name),
      ...(dma === undefined ? {} : { dma }),
      options: { ...options.card, ...timeliness(device), ...told, lanId: lanIdOf(device.name) },
    });
    undo.push(() => card.close());
    return { card, engine, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A capture that keeps its time waits for no driver. */
function timeliness(device: DeviceArguments): CardOptions {
  return device.get('pace') === 'capture' ? { paced: true } : {};
}

function openEngine(
  device: DeviceArguments,
  memory: Memory,
  engines: readonly EngineCandidate[],
  log: (line: string) => void,
): Engine {
  const name = device.get('engine');
  if (name !== undefined) return openEngineByName(memory, engines, name);
  const { engine, refused } = chooseEngine(memory, engines);
  for (const line of refused) log(`${device.name}: ${line}`);
  return engine;
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
