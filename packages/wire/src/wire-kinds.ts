import { didYouMean } from '@inline-ipsec/eal/closest-word';
import type { DeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { SetupError } from '@inline-ipsec/eal/errors';
import { CABLE_WIRE_KIND } from './cable-wire.ts';
import { NULL_WIRE_KIND } from './null-wire.ts';
import { UNPLUGGED_WIRE_KIND } from './unplugged-wire.ts';
import type { WireKind } from './wire.ts';

/**
 * The kinds of wires that a program knows, so that `wire=cable,cable=NAME` on a card becomes a wire. From the start it has
 * those that need no operating system: none, cable, null. Others are added: {@link WireKinds.add}.
 */
export class WireKinds {
  readonly #kinds = new Map<string, WireKind>();

  constructor(kinds: Iterable<WireKind> = [UNPLUGGED_WIRE_KIND, CABLE_WIRE_KIND, NULL_WIRE_KIND]) {
    for (const kind of kinds) this.add(kind);
  }

  /** Adds a kind, in place of one of the same name. */
  add(kind: WireKind): this {
    this.#kinds.set(kind.name, kind);
    return this;
  }

  /** The words that may stand behind `wire=`. */
  get names(): string[] {
    return [...this.#kinds.keys()];
  }

  /**
   * The kind that the `wire=` of a device names; without `wire=` it is none.
   *
   * The driver refuses arguments that neither it nor the kind knows:
   * `device.requireKnown(['wire', …its own, ...kind.keys], who)`.
   *
   * @throws SetupError `ERR_WIRE_KIND` (EINVAL)
   */
  of(device: DeviceArguments): WireKind {
    const word = device.get('wire') ?? 'none';
    const kind = this.#kinds.get(word);
    if (kind !== undefined) return kind;
    throw new SetupError({
      code: 'ERR_WIRE_KIND',
      errno: 'EINVAL',
      message: `device ${device.name} is to be plugged into an unknown kind of wire`,
      expected: this.names.join(', '),
      got: word,
      remedy: didYouMean(word, this.names),
    });
  }
}
