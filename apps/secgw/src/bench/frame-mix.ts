import { SetupError } from '@inline-ipsec/eal/errors';

/** Frames by their lengths, in the order in which they are sent over and over. */
export interface FrameMix {
  /** As it is asked for and reported: a length, or `imix`. */
  readonly name: string;
  /** Bytes of each frame on the clear side, Ethernet header included and FCS not. */
  readonly pattern: readonly number[];
}

/** Seven of 64 bytes, four of 570, one of 1420, spread evenly. */
const IMIX = [64, 570, 64, 64, 570, 64, 64, 570, 64, 64, 570, 1420];

/** The sizes that are measured by default. */
export const DEFAULT_SIZES = ['64', '512', '1420', 'imix'] as const;

const LEAST_BYTES = 60;
/** What still fits an MTU of 1500 in a tunnel. */
const MOST_BYTES = 1456;

/**
 * Frames of one length, or IMIX.
 *
 * @param name a length in bytes, or `imix`
 * @throws SetupError `ERR_BENCH_SIZE` (EINVAL)
 */
export function frameMix(name: string): FrameMix {
  if (name === 'imix') return { name, pattern: IMIX };
  const bytes = Number(name);
  if (Number.isInteger(bytes) && bytes >= LEAST_BYTES && bytes <= MOST_BYTES) return { name, pattern: [bytes] };
  throw new SetupError({
    code: 'ERR_BENCH_SIZE',
    errno: 'EINVAL',
    message: 'no frames of this size are measured',
    expected: `${LEAST_BYTES} to ${MOST_BYTES} bytes, or imix`,
    got: name,
  });
}

/** Bytes of a frame on average. */
export function averageBytes({ pattern }: FrameMix): number {
  return pattern.reduce((sum, bytes) => sum + bytes, 0) / pattern.length;
}
