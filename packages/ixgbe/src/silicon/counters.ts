/**
 * What the model counts beyond the card's own statistics: things that no register tells, and mistakes of a driver. They
 * are float64 slots in the card's state, one a name.
 */

/** The names, in the order of their slots. */
export const COUNTER_NAMES = [
  'rxRunt',
  'rxOversize',
  'rxFiltered',
  'rxDiscarded',
  'rxNoDescriptor',
  'rxNoPacketBuffer',
  'rxQueueOff',
  'rxQueueModeUnknown',
  'rxVlanFiltered',
  'rxLengthDiffers',
  'rxLongerThanRing',
  'rxBadAddress',
  'rxRingOutside',
  'rxTailBeyondRing',
  'rxBadDescriptorType',
  'rxSecurityGood',
  'rxSecurityUnknown',
  'rxSecurityOff',
  'rxSecurityProtocol',
  'rxSecurityLength',
  'rxSecurityAuthentication',
  'rxEngineError',
  'txBadAddress',
  'txRingOutside',
  'txTailBeyondRing',
  'txZeroLength',
  'txWithoutEnd',
  'txBadDescriptorType',
  'txSegmented',
  'txBadSegmentation',
  'txTooShort',
  'txTooLong',
  'txPayloadLengthDiffers',
  'txHeaderLengthBeyondPacket',
  'txWithoutFcs',
  'txBadFcs',
  'txSecurityEncrypted',
  'txSecurityAuthenticated',
  'txSecurityZeroKey',
  'txSecurityOff',
  'txSecurityWithoutCheck',
  'txSecurityMalformed',
  'txSecurityHeaderDiffers',
  'txSecurityWithoutStoreForward',
  'txEngineError',
  'txDropped',
  'txLoopedBack',
  'tableReads',
  'tableWrites',
  'tableCommandsIgnored',
  'tableCommandsLost',
  'tableCommandsTooEarly',
  'enablesWithCommand',
  'securityWithoutDrain',
  'securityMemoryErrors',
  'rscRefused',
  'ringsUnaligned',
  'sessionsMade',
  'sessionsFailed',
  'resets',
  'unknownReads',
  'unknownWrites',
  'readOnlyWrites',
  'writeOnlyReads',
] as const;

/** The name of a model-only counter. */
export type CounterName = (typeof COUNTER_NAMES)[number];

/** Bytes that the counters take in the card's state. */
export const COUNTER_BYTES: number = COUNTER_NAMES.length * 8;

/** The slot of a counter: its index among the names. Looked up when a module is loaded, not per packet. */
export function counterSlot(name: CounterName): number {
  return COUNTER_NAMES.indexOf(name);
}
