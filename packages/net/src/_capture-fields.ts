import type { SetupError } from '@inline-ipsec/eal/errors';
import { malformed, truncated } from './_capture-errors.ts';
import type { CaptureInput } from './_capture-input.ts';

/** What a file format writes for each frame; the reader that people see has these fields. */
export interface CaptureFields {
  bytes: Uint8Array;
  at: number;
  length: number;
  originalLength: number;
  seconds: number;
  nanoseconds: number;
  linkType: number;
  interfaceId: number;
  frames: number;
  error: SetupError | undefined;
}

/** The longest frame in a capture, in bytes, as libpcap and Wireshark have it. */
export const MAX_FRAME_BYTES = 262_144;

/**
 * Ends reading because something cannot be so.
 *
 * @param at bytes behind the next unread byte
 */
export function endDamaged(
  fields: CaptureFields,
  input: CaptureInput,
  at: number,
  what: string,
  expected: string,
  got: string | number,
): false {
  fields.error = malformed(fields.frames, input.offset + at, what, expected, String(got));
  return false;
}

/** Ends reading because the source has ended: between records that is well, within one it is not. */
export function endOfInput(fields: CaptureFields, input: CaptureInput, what: string, expected: number): false {
  const { offset, available } = input;
  if (available > 0) fields.error = truncated(fields.frames, offset, what, expected, available);
  return false;
}
