import { SetupError } from '@inline-ipsec/eal/errors';
import type { ApplicationOptions } from './application-options.ts';
import { exceedsBuffer, FRAME_OVERHEAD } from './multi-segment.ts';

/**
 * Options that DPDK's gateway has and this one takes, but cannot do yet. Each is refused by name, because a gateway that
 * ignored it would do something else than it was asked for.
 */

interface NotYet {
  readonly asked: (options: ApplicationOptions) => boolean;
  readonly what: string;
  readonly remedy: string;
}

const NOT_YET: readonly NotYet[] = [
  {
    asked: ({ transferMode }) => transferMode === 'event',
    what: 'event mode (--transfer-mode event)',
    remedy: 'leave --transfer-mode out for poll mode',
  },
  {
    asked: ({ reassembleEntries }) => reassembleEntries > 0,
    what: 'reassembly (--reassemble)',
    remedy: 'leave --reassemble out; fragments are then dropped',
  },
  {
    asked: ({ atomicSequence }) => atomicSequence,
    what: 'atomic sequence numbers (-a)',
    remedy: 'leave -a out',
  },
  {
    asked: exceedsBuffer,
    what: 'an mtu beyond one buffer (--mtu)',
    remedy: `make the buffers larger than the mtu by ${FRAME_OVERHEAD} bytes with -j`,
  },
  {
    asked: ({ library }) => library,
    what: 'library mode (-l)',
    remedy: 'leave -l out for legacy semantics',
  },
  {
    asked: ({ esn }) => esn,
    what: 'extended sequence numbers (-e)',
    remedy: 'leave -e out',
  },
];

/**
 * Refuses the first option that cannot be done yet.
 *
 * @throws SetupError `ERR_NOT_YET` (ENOTSUP)
 */
export function refuseNotYet(options: ApplicationOptions): void {
  const first = NOT_YET.find(({ asked }) => asked(options));
  if (first === undefined) return;
  const { what, remedy } = first;
  throw new SetupError({ code: 'ERR_NOT_YET', errno: 'ENOTSUP', message: `${what} comes later`, remedy });
}
