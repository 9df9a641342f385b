/** What tests of native engines need of the machine, and why they are skipped where it is missing. */

import { createNativeMemory } from '@inline-ipsec/eal/linux/native-memory';
import {
  MAP_ANONYMOUS,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
  systemCalls,
} from '@inline-ipsec/eal/linux/system-calls';
import { Memory } from '@inline-ipsec/eal/memory';
import { IpsecMbLibrary } from '../_ipsec-mb-library.ts';
import { loadKoffi } from '../_koffi.ts';

const GIB_4 = 0x1_0000_0000;

/** Native memory of ordinary pages. It lasts as long as the process of the tests. */
export function nativeMemory(bytes: number): Memory {
  return createNativeMemory({ bytes, hugepages: false }).memory;
}

/** Memory that native memory never is: from `before` bytes on, the upper half of its addresses is one more. */
export function crossingMemory(bytes: number, before: number): Memory {
  const calls = systemCalls();
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  // Where something lies around a boundary, the next will do.
  for (let boundary = 3; boundary < 64; boundary++) {
    const wanted = boundary * GIB_4 - before;
    const address = calls.mmap(wanted, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (address === wanted) return Memory.create({ over: { buffer: calls.view(address, bytes), address } });
    if (address > 0) calls.munmap(address, bytes);
  }
  throw new Error('there is no room around any boundary');
}

/** Why native memory cannot be had here, for the name of a test that is skipped; '' when it can. */
export function whyNoNativeMemory(): string {
  return reason(() => createNativeMemory({ bytes: 0x4_0000, hugepages: false }).free());
}

/** Why libIPSec_MB cannot be had here; '' when it can. */
export function whyNoIpsecMb(): string {
  return whyNoNativeMemory() || reason(() => new IpsecMbLibrary(loadKoffi()));
}

function reason(attempt: () => unknown): string {
  try {
    attempt();
    return '';
  } catch (error) {
    return ` (skipped: ${error instanceof Error ? error.message : String(error)})`;
  }
}
