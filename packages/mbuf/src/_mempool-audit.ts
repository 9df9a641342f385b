import { SetupError } from '@inline-ipsec/eal/errors';
import { MAX_LCORE } from '@inline-ipsec/eal/lcore';
import type { Memory } from '@inline-ipsec/eal/memory';
import { findDamage } from './_mempool-debug.ts';
import {
  CACHE_LENGTH,
  CACHE_OBJECTS,
  CACHE_SIZE,
  OBJECT_POOL,
  OBJECT_STATE,
  OBJECT_STATE_FREE,
  POOL_CACHE_STRIDE,
  POOL_CACHES,
  POOL_COUNT,
  POOL_DOUBLE_FREE_LAST,
  POOL_DOUBLE_FREES,
  POOL_FIRST,
  POOL_FLAG_DEBUG,
  POOL_FLAGS,
  POOL_FOREIGN_FREE_LAST,
  POOL_FOREIGN_FREES,
  POOL_OVERFLOWS,
  POOL_RING,
  POOL_STRIDE,
  POOL_WRITE_AFTER_FREE_LAST,
  POOL_WRITES_AFTER_FREE,
} from './_mempool-layout.ts';
import { RING_CONSUMER_TAIL, RING_HEADER_BYTES, RING_MASK } from './_ring-layout.ts';
import { ringCount } from './ring.ts';

/**
 * Everything about a pool at rest that can be wrong: its objects' headers, what its ring and its caches hold, and what
 * was counted on the way.
 *
 * @throws SetupError `ERR_MEMPOOL_AUDIT` (EINVAL) with all of it
 */
export function auditMempool(memory: Memory, pool: number, name: string): void {
  const { u32 } = memory;
  const word = (field: number): number => u32[(pool + field) >>> 2];
  const count = word(POOL_COUNT);
  const first = word(POOL_FIRST);
  const stride = word(POOL_STRIDE);
  const found: string[] = [];
  const tell = (counter: number, what: string, last?: number): void => {
    const times = word(counter);
    if (times !== 0) found.push(`${times} ${what}${last === undefined ? '' : ` (the last at ${hex(word(last))})`}`);
  };
  tell(POOL_DOUBLE_FREES, 'free twice', POOL_DOUBLE_FREE_LAST);
  tell(POOL_FOREIGN_FREES, 'freed into the wrong pool', POOL_FOREIGN_FREE_LAST);
  tell(POOL_WRITES_AFTER_FREE, 'written after free, found when taken', POOL_WRITE_AFTER_FREE_LAST);
  tell(POOL_OVERFLOWS, 'times more put than taken');

  let headers = 0;
  let written = 0;
  let writtenAt = 0;
  for (let object = first, i = 0; i < count; i++, object += stride) {
    if (u32[(object + OBJECT_POOL) >>> 2] !== pool) headers++;
    if ((word(POOL_FLAGS) & POOL_FLAG_DEBUG) === 0 || u32[(object + OBJECT_STATE) >>> 2] !== OBJECT_STATE_FREE)
      continue;
    const damaged = findDamage(memory, pool, object);
    if (damaged === 0) continue;
    written++;
    writtenAt = damaged;
  }
  if (headers !== 0) found.push(`${headers} headers overwritten`);
  if (written !== 0) found.push(`${written} written after free (the last at ${hex(writtenAt)})`);

  const seen = new Uint8Array(count);
  let strange = 0;
  let twice = 0;
  const meet = (object: number): void => {
    const index = (object - first) / stride;
    if (!Number.isInteger(index) || index < 0 || index >= count) strange++;
    else if (seen[index] !== 0) twice++;
    else seen[index] = 1;
  };
  const ring = word(POOL_RING);
  const mask = u32[(ring + RING_MASK) >>> 2];
  const tail = u32[(ring + RING_CONSUMER_TAIL) >>> 2];
  for (let i = 0; i < ringCount(memory, ring); i++)
    meet(u32[(ring + RING_HEADER_BYTES + ((tail + i) & mask) * 4) >>> 2]);
  for (let lcore = 0; word(POOL_CACHES) !== 0 && lcore < MAX_LCORE; lcore++) {
    const cache = word(POOL_CACHES) + lcore * word(POOL_CACHE_STRIDE);
    const length = u32[(cache + CACHE_LENGTH) >>> 2];
    if (length > u32[(cache + CACHE_SIZE) >>> 2]) found.push(`cache of lcore ${lcore} longer than its size`);
    else for (let i = 0; i < length; i++) meet(u32[(cache + CACHE_OBJECTS + 4 * i) >>> 2]);
  }
  if (strange !== 0) found.push(`${strange} entries that are no object of the pool`);
  if (twice !== 0) found.push(`${twice} objects in the pool twice`);

  if (found.length === 0) return;
  throw new SetupError({
    code: 'ERR_MEMPOOL_AUDIT',
    errno: 'EINVAL',
    message: `mempool ${name} is damaged`,
    expected: 'every object put once by whoever took it',
    got: found.join(', '),
    remedy: 'make the pool with poison (or debug) on to find it earlier',
  });
}

function hex(position: number): string {
  return `0x${position.toString(16)}`;
}
