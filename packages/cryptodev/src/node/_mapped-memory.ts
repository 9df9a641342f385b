/** Native memory for tests: anonymous pages, mapped where the kernel likes or where a test wants them. */
import { Memory } from '@inline-ipsec/eal/memory';
import { IpsecMbLibrary } from './_ipsec-mb-library.ts';
import { loadKoffi } from './_koffi.ts';

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FIXED_NOREPLACE = 0x10_0000;
const MADV_HUGEPAGE = 14;

/** @param wanted the address, a multiple of the page size; default: wherever there is room */
export function mappedMemory(bytes: number, wanted = 0): Memory {
  const koffi = loadKoffi() as ReturnType<typeof loadKoffi> & { view(address: bigint, bytes: number): ArrayBuffer };
  const libc = koffi.load(null);
  const mmap = libc.func('mmap', 'int64_t', ['int64_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
  const madvise = libc.func('madvise', 'int', ['int64_t', 'size_t', 'int']);
  const flags = MAP_PRIVATE_ANONYMOUS | (wanted === 0 ? 0 : MAP_FIXED_NOREPLACE);
  const address = mmap(wanted, bytes, PROT_READ_WRITE, flags, -1, 0);
  if (address <= 0) throw new Error(`${bytes} bytes cannot be mapped at ${wanted}`);
  madvise(address, bytes, MADV_HUGEPAGE);
  return Memory.create({ over: { buffer: koffi.view(BigInt(address), bytes), address } });
}

/** Why native memory cannot be had here, for the name of a test that is skipped; '' when it can. */
export function whyNoNativeMemory(): string {
  return reason(() => mappedMemory(0x4_0000));
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
