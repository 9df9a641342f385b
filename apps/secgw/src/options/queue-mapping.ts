import { SetupError } from '@inline-ipsec/eal/errors';
import { MAX_LCORE } from '@inline-ipsec/eal/lcore';
import { parseNumber } from './option-values.ts';

/** Which lcore polls which queue of which port (DPDK: `struct lcore_params`). */
export interface QueueMapping {
  readonly port: number;
  readonly queue: number;
  readonly lcore: number;
}

/** Largest numbers that `--config` takes, as DPDK's `parse_config`: whether there is such a port is seen later. */
const LARGEST = { port: 32, queue: 1024, lcore: MAX_LCORE } as const;
const MAX_MAPPINGS = 1024;

/**
 * Parses the argument of `--config`: `(port,queue,lcore)` and more of them with commas between. Blanks may stand around
 * the numbers, which are decimal, hexadecimal with `0x`, or octal with a leading 0.
 *
 * @throws SetupError `ERR_OPTION_CONFIG` (EINVAL, E2BIG)
 */
export function parseQueueMappings(text: string): QueueMapping[] {
  if (!/^[\s,]*(\([^()]*\)[\s,]*)+$/.test(text)) throw invalid(text);
  const mappings = Array.from(text.matchAll(/\(([^()]*)\)/g), ([, triple]) => parseTriple(triple, text));
  if (mappings.length > MAX_MAPPINGS) {
    throw new SetupError({
      code: 'ERR_OPTION_CONFIG',
      errno: 'E2BIG',
      message: 'exceeded max number of lcore params',
      expected: `at most ${MAX_MAPPINGS}`,
      got: `${mappings.length}`,
    });
  }
  return mappings;
}

function parseTriple(triple: string, text: string): QueueMapping {
  const numbers = triple.split(',').map((part) => part.trim());
  if (numbers.length !== 3) throw invalid(text);
  const port = parseNumber(numbers[0], LARGEST.port);
  const queue = parseNumber(numbers[1], LARGEST.queue);
  const lcore = parseNumber(numbers[2], LARGEST.lcore);
  if (port === undefined || queue === undefined || lcore === undefined) throw invalid(text);
  return { port, queue, lcore };
}

function invalid(text: string): SetupError {
  return new SetupError({
    code: 'ERR_OPTION_CONFIG',
    errno: 'EINVAL',
    message: 'Invalid config',
    expected: '(port,queue,lcore)[,(port,queue,lcore)]',
    got: `"${text}"`,
  });
}
