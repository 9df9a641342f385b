import { SetupError } from '@inline-ipsec/eal/errors';
import type { ApplicationOptions } from './application-options.ts';

/** Rx queues that one lcore can poll (DPDK: `MAX_RX_QUEUE_PER_LCORE`). */
export const MAX_QUEUES_PER_LCORE = 16;

/** What the EAL knows when the options are checked. */
export interface EalFacts {
  /** The lcores that are enabled. */
  readonly lcores: readonly number[];
  /** How many ports there are; they are numbered from 0. */
  readonly portCount: number;
}

/**
 * Compares the options with each other and with lcores and ports, in DPDK's order (`check_poll_mode_params`).
 *
 * @throws SetupError `ERR_OPTION_PORTMASK`, `ERR_OPTION_CONFIG` (EINVAL)
 */
export function checkApplicationOptions(options: ApplicationOptions, { lcores, portCount }: EalFacts): void {
  const { portMask, unprotectedMask, queues } = options;
  if ((unprotectedMask & ~portMask) !== 0) {
    throw new SetupError({
      code: 'ERR_OPTION_PORTMASK',
      errno: 'EINVAL',
      message: `Invalid unprotected portmask ${hex(unprotectedMask)}`,
      expected: `ports of -p ${hex(portMask)} only`,
    });
  }
  if (queues.length === 0) {
    throw fault(
      'Error: No port/queue/core mappings',
      'say which lcore polls which queue: --config="(port,queue,lcore)"',
    );
  }
  for (const { port, lcore } of queues) {
    if (!lcores.includes(lcore)) {
      throw fault(`error: lcore ${lcore} is not enabled in lcore mask`, `enabled are ${lcores.join(', ')}`);
    }
    if (port > 31 || ((portMask >>> port) & 1) === 0) {
      throw fault(`port ${port} is not enabled in port mask`, `-p is ${hex(portMask)}`);
    }
    if (port >= portCount) {
      const there = portCount === 1 ? 'there is 1 port' : `there are ${portCount} ports`;
      throw fault(`port ${port} is not present on the board`, `${there}; each -a and each --vdev net_… makes one`);
    }
  }
  checkQueueNumbers(options);
  for (const lcore of new Set(queues.map((mapping) => mapping.lcore))) {
    const count = queues.filter((mapping) => mapping.lcore === lcore).length;
    if (count > MAX_QUEUES_PER_LCORE) {
      throw fault(`error: too many queues (${count}) for lcore: ${lcore}`, `the most are ${MAX_QUEUES_PER_LCORE}`);
    }
  }
}

function checkQueueNumbers({ queues }: ApplicationOptions): void {
  for (const port of new Set(queues.map((mapping) => mapping.port))) {
    const numbers = queues
      .filter((mapping) => mapping.port === port)
      .map(({ queue }) => queue)
      .sort((a, b) => a - b);
    const twice = numbers.find((queue, i) => i > 0 && queue === numbers[i - 1]);
    if (twice !== undefined) throw fault(`queue ${twice} of port ${port} is given to two lcores`);
    if (numbers.at(-1) !== numbers.length - 1) {
      throw fault(`queue ids of the port ${port} must be in sequence and must start with 0`);
    }
  }
}

function fault(message: string, remedy?: string): SetupError {
  return new SetupError({ code: 'ERR_OPTION_CONFIG', errno: 'EINVAL', message, remedy });
}

function hex(mask: number): string {
  return `0x${(mask >>> 0).toString(16)}`;
}
