import { copyFrame } from '@inline-ipsec/wire/frame-copy';
import type { CardCore } from './_core.ts';

/**
 * Copies between the packet buffers and host memory.
 */

/** Copies bytes inside the memory, from and to places that do not overlap. */
export function move({ memory }: CardCore, to: number, from: number, bytes: number): void {
  copyFrame(memory.u8, memory.u16, memory.i32, to, from, bytes, memory.shared);
}
