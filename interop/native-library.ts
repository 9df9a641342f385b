import { createIpsecMbEngine } from '@inline-ipsec/cryptodev/ipsec-mb';
import { createNativeMemory } from '@inline-ipsec/eal/linux/native-memory';
import type { ForeignProgram } from './foreign-programs.ts';

/** libIPSec_MB, of a version that is known, with koffi to call it by. */
export const IPSEC_MB: ForeignProgram = lookForIpsecMb();

function lookForIpsecMb(): ForeignProgram {
  try {
    const { memory, free } = createNativeMemory({ bytes: 4 << 20, hugepages: false });
    createIpsecMbEngine(memory).close();
    free();
    return { here: true, note: '' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`no engine ipsec-mb on this machine: its tests are skipped: ${reason}`);
    return { here: false, note: ` (skipped: ${reason})` };
  }
}
