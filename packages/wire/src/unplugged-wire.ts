import { LINK_DOWN, type Wire, type WireKind, type WireLink } from './wire.ts';

/**
 * No cable: the link is down, nothing comes and nothing goes. What a card has when nobody says what it is plugged into.
 */
export class UnpluggedWire implements Wire {
  readonly name = 'none';
  readonly link: WireLink = LINK_DOWN;
  readonly done = true;
  readonly endless = undefined;

  /** Gives none. */
  receive(): number {
    return 0;
  }

  /** Takes none: without a link a port does not send. */
  transmit(): number {
    return 0;
  }

  flush(): void {}

  close(): void {}
}

/** The wire of a device without `wire=`, or with `wire=none`. */
export const UNPLUGGED_WIRE_KIND: WireKind = {
  name: 'none',
  keys: [],
  open: () => [new UnpluggedWire()],
};
