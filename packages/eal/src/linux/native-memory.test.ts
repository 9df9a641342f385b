import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MEMORY_MAX_BYTES } from '../memory.ts';
import { attachNativeMemory, createNativeMemory, nativeMemoryHandle } from './native-memory.ts';
import { noSystemCalls, systemCalls } from './system-calls.ts';

const MIB = 1024 * 1024;
const missing = noSystemCalls();
const skipped = missing === undefined ? '' : ` (skipped: ${missing.message})`;

function residentBytes(): number {
  return process.memoryUsage.rss();
}

/**
 * Whether so many bytes fit between 1 GiB, where the kernel begins to look, and 2 GiB, behind which an address is no
 * small integer any more. The kernel may put the program's heap anywhere up to there: then the whole GiB is not free.
 */
function roomBelow2Gib(bytes: number): boolean {
  let free = 2 ** 30;
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [from, to] = line
      .split(' ', 1)[0]
      .split('-')
      .map((address) => Number.parseInt(address, 16));
    if (Math.min(from, 2 ** 31) - free >= bytes) return true;
    free = Math.max(free, to);
  }
  return false;
}

/** How many huge pages a memory could have. */
function freeHugePages(): number {
  const lines = readFileSync('/proc/meminfo', 'utf8');
  const number = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(lines)?.[1] ?? 0);
  return number('Hugepagesize') === 2048 ? number('HugePages_Free') - number('HugePages_Rsvd') : 0;
}

describe.skipIf(missing !== undefined)(`memory of the operating system${skipped}`, () => {
  it('has the size asked for and an address, in one window of 4 GiB, from a multiple of 2 MiB on', () => {
    for (const bytes of [0x4_0000, 5 * MIB, 256 * MIB, 1024 * MIB, MEMORY_MAX_BYTES]) {
      for (let i = 0; i < 8; i++) {
        const native = createNativeMemory({ bytes, hugepages: false });
        const { address } = native.memory;
        expect(native.memory.bytes).toBe(bytes);
        expect(address % (2 * MIB)).toBe(0);
        expect(Math.floor((address + bytes - 1) / 2 ** 32)).toBe(Math.floor(address / 2 ** 32));
        expect(native.memory.shared).toBe(false);
        native.free();
      }
    }
  });

  it.skipIf(process.arch !== 'x64')('has addresses that are small integers where there is room', () => {
    for (const bytes of [0x4_0000, 256 * MIB, 1024 * MIB]) {
      // The small sizes have room wherever the heap lies.
      const room = bytes <= 256 * MIB || roomBelow2Gib(bytes);
      const native = createNativeMemory({ bytes, hugepages: false });
      if (room) expect(native.memory.address + bytes).toBeLessThanOrEqual(2 ** 31);
      native.free();
    }
  });

  it('lies elsewhere when there is no room there', () => {
    const many = Array.from({ length: 5 }, () => createNativeMemory({ bytes: 512 * MIB, hugepages: false }));
    const addresses = many.map(({ memory }) => memory.address).sort((a, b) => a - b);
    for (let i = 1; i < many.length; i++) expect(addresses[i] - addresses[i - 1]).toBeGreaterThanOrEqual(512 * MIB);
    expect(addresses[4] + 512 * MIB).toBeGreaterThan(2 ** 31);
    for (const native of many) native.free();
  });

  it('is refused in a size that no memory has', () => {
    for (const bytes of [0, -1, 1000, Number.NaN, MEMORY_MAX_BYTES + 0x10000]) {
      expect(() => createNativeMemory({ bytes })).toThrow(
        expect.objectContaining({ code: 'ERR_MEMORY_SIZE', errno: 'EINVAL' }),
      );
    }
  });

  it('is zero, and takes pages only as they are touched', () => {
    const before = residentBytes();
    const native = createNativeMemory({ bytes: 1024 * MIB, hugepages: false });
    expect(residentBytes() - before).toBeLessThan(32 * MIB);
    const zone = native.memory.reserve('zone', 64 * MIB);
    expect(native.memory.view(zone.position, zone.bytes).every((byte) => byte === 0)).toBe(true);
    expect(residentBytes() - before).toBeLessThan(128 * MIB);
    native.free();
    native.free();
    expect(residentBytes() - before).toBeLessThan(32 * MIB);
  });

  it('says which pages it has', () => {
    const native = createNativeMemory({ bytes: 64 * MIB, hugepages: false });
    expect(['transparent', 'ordinary']).toContain(native.pages);
    expect(native.description).toMatch(/^64 MiB in ordinary pages/);
    expect(native.noHugePages).toBeUndefined();
    native.free();
  });

  it('says why it has no huge pages when there are too few', () => {
    const bytes = MEMORY_MAX_BYTES;
    const native = createNativeMemory({ bytes });
    if (native.pages === 'huge') expect(native.noHugePages).toBeUndefined();
    else expect(native.noHugePages).toMatch(/huge pages of 2 MiB (are free|cannot be had)/);
    native.free();
  });

  const huge = freeHugePages() >= 4;
  it.skipIf(!huge)(`takes huge pages${huge ? '' : ' (skipped: vm.nr_hugepages leaves none free)'}`, () => {
    const before = freeHugePages();
    const native = createNativeMemory({ bytes: 7 * MIB });
    expect(native).toMatchObject({
      pages: 'huge',
      description: '7 MiB in huge pages of 2 MiB',
      noHugePages: undefined,
    });
    native.memory.u8.fill(1, 6 * MIB);
    expect(freeHugePages()).toBeLessThanOrEqual(before - 4);
    native.free();
    expect(freeHugePages()).toBe(before);
  });

  it('is the same to native code and to whoever attaches to it', () => {
    const native = createNativeMemory({ bytes: MIB, hugepages: false });
    const { memory } = native;
    const zone = memory.reserve('zone', 64);
    const handle = nativeMemoryHandle(memory);
    if (handle === undefined) throw new RangeError('native memory without a handle');
    const other = attachNativeMemory(structuredClone(handle));
    expect(other.lookup('zone')).toEqual(zone);
    memory.u8[zone.position] = 42;
    expect(other.u8[zone.position]).toBe(42);
    expect(new Uint8Array(systemCalls().view(memory.address + zone.position, 1))).toEqual(Uint8Array.of(42));
    native.free();
  });

  it('is not attached to where there is no directory', () => {
    const native = createNativeMemory({ bytes: 4 * MIB, hugepages: false });
    expect(() => attachNativeMemory({ address: native.memory.address + 2 * MIB, bytes: MIB })).toThrow(
      expect.objectContaining({ code: 'ERR_MEMORY_FOREIGN' }),
    );
    native.free();
  });
});
