/**
 * What the driver does not send, and why. Such packets are freed, counted by reason, and together as `oerrors`: a packet is
 * never sent without what it was to have.
 */

/** The reasons by name; each REFUSED_ value is the place of its name, negated. */
export const TX_REFUSALS = [
  'txBadLength',
  'txUnsupportedOffload',
  'txBadHeaders',
  'txSecurityNotConfigured',
  'txSecurityWithoutMetadata',
  'txSecurityUnknownSa',
  'txBadSegmentation',
] as const;

/** A reason of {@link TX_REFUSALS}. */
export type TxRefusal = (typeof TX_REFUSALS)[number];

/** Too short, too long, too many segments, or lengths that contradict each other. */
export const REFUSED_LENGTH = 0;
/** A flag asks for what the driver does not do, or for two things that exclude each other. */
export const REFUSED_UNSUPPORTED = -1;
/** The headers are not where the mbuf says, or not IP. */
export const REFUSED_HEADERS = -2;
/** Inline IPsec on a queue that was not set up for it. */
export const REFUSED_NO_SECURITY = -3;
/** Inline IPsec without metadata: nobody called `setPacketMetadata` for this packet as it is. */
export const REFUSED_NO_METADATA = -4;
/** Inline IPsec by an SA that is not there any more, or that is not the packet's. */
export const REFUSED_NO_SA = -5;
/** To be sent in segments that the card cannot make. */
export const REFUSED_SEGMENTATION = -6;
