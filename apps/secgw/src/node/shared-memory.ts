import { attachNativeMemory, type NativeMemoryHandle, nativeMemoryHandle } from '@inline-ipsec/eal/linux/native-memory';
import { Memory, type MemoryHandle } from '@inline-ipsec/eal/memory';

/** What another thread of this process needs to see a memory, of whichever origin. */
export type SharedMemory = NativeMemoryHandle | MemoryHandle;

/** To be posted to the other thread. The memory must be the operating system's or a SharedArrayBuffer. */
export function shareMemory(memory: Memory): SharedMemory {
  return nativeMemoryHandle(memory) ?? memory.handle;
}

/** The memory that was shared. */
export function attachMemory(shared: SharedMemory): Memory {
  return 'buffer' in shared ? Memory.attach(shared) : attachNativeMemory(shared);
}
