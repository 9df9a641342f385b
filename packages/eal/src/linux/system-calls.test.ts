import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as linux from './system-calls.ts';

const missing = linux.noSystemCalls();
const skipped = missing === undefined ? '' : ` (skipped: ${missing.message})`;

describe.skipIf(missing !== undefined)(`system calls${skipped}`, () => {
  const calls = missing === undefined ? linux.systemCalls() : (undefined as never);
  const folder = mkdtempSync(join(tmpdir(), 'system-calls-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('read, write and say by name what is wrong', () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'abcdef');
    const descriptor = calls.open(path, linux.O_RDWR | linux.O_CLOEXEC);
    expect(descriptor).toBeGreaterThan(2);
    const bytes = new Uint8Array(new ArrayBuffer(4096));
    const address = calls.addressOf(bytes);
    expect(calls.read(descriptor, address + 2, 3)).toBe(3);
    expect([...bytes.subarray(0, 6)]).toEqual([0, 0, 0x61, 0x62, 0x63, 0]);
    expect(calls.write(descriptor, address + 2, 2)).toBe(2);
    expect(readFileSync(path, 'latin1')).toBe('abcabf');
    expect(calls.close(descriptor)).toBe(0);
    expect(calls.read(descriptor, address, 1)).toBe(-1);
    expect(calls.errno()).toBe('EBADF');
    expect(calls.open(join(folder, 'none'), linux.O_RDONLY)).toBe(-1);
    expect(calls.errno()).toBe('ENOENT');
  });

  it('make files with a mode', () => {
    const path = join(folder, 'made');
    const descriptor = calls.open(path, linux.O_WRONLY | linux.O_CREAT, 0o600);
    expect(descriptor).toBeGreaterThan(2);
    calls.close(descriptor);
    expect(readFileSync(path)).toHaveLength(0);
  });

  it('ask devices, by structure and by number', () => {
    const FIONREAD = 0x541b;
    const FIONBIO = 0x5421;
    const path = join(folder, 'long');
    writeFileSync(path, 'x'.repeat(77));
    const descriptor = calls.open(path, linux.O_RDONLY);
    const answer = new Uint8Array(4);
    expect(calls.ioctl(descriptor, FIONREAD, answer)).toBe(0);
    expect(answer[0]).toBe(77);
    expect(calls.ioctlNumber(descriptor, 0xdead, 0)).toBe(-1);
    expect(calls.errno()).toBe('ENOTTY');
    expect(calls.ioctl(descriptor, FIONBIO, Uint8Array.of(1, 0, 0, 0))).toBe(0);
    expect(calls.fcntl(descriptor, linux.F_GETFL, 0) & linux.O_NONBLOCK).toBe(linux.O_NONBLOCK);
    expect(calls.fcntl(descriptor, linux.F_SETFL, 0)).toBe(0);
    expect(calls.fcntl(descriptor, linux.F_GETFL, 0) & linux.O_NONBLOCK).toBe(0);
    calls.close(descriptor);
  });

  it('wait on descriptors', () => {
    const first = calls.eventfd(0, linux.O_NONBLOCK | linux.O_CLOEXEC);
    const second = calls.eventfd(1, linux.O_NONBLOCK | linux.O_CLOEXEC);
    const quiet = linux.pollList([first]);
    const before = performance.now();
    expect(calls.poll(quiet, 1, 30)).toBe(0);
    expect(performance.now() - before).toBeGreaterThan(25);
    expect(linux.pollResult(quiet, 0)).toBe(0);
    const list = linux.pollList([first, second]);
    expect(calls.poll(list, 2, -1)).toBe(1);
    expect([linux.pollResult(list, 0), linux.pollResult(list, 1)]).toEqual([0, linux.POLLIN]);
    for (const descriptor of [first, second]) calls.close(descriptor);
  });

  it('map memory, which is seen without a copy', () => {
    const address = calls.mmap(
      0,
      0x10000,
      linux.PROT_READ | linux.PROT_WRITE,
      linux.MAP_PRIVATE | linux.MAP_ANONYMOUS,
      -1,
      0,
    );
    expect(address).toBeGreaterThan(0);
    expect(Number.isSafeInteger(address)).toBe(true);
    const one = new Uint8Array(calls.view(address, 0x10000));
    const other = new Uint8Array(calls.view(address + 0x8000, 0x8000));
    one[0x8001] = 7;
    expect(other[1]).toBe(7);
    expect(calls.addressOf(one)).toBe(address);
    expect(calls.mmap(0, 0, linux.PROT_NONE, linux.MAP_PRIVATE | linux.MAP_ANONYMOUS, -1, 0)).toBe(-1);
    expect(calls.errno()).toBe('EINVAL');
    expect(calls.munmap(address, 0x10000)).toBe(0);
  });

  it('bind a thread to processors', () => {
    const may = new Uint8Array(128);
    expect(calls.schedGetaffinity(0, may)).toBe(0);
    const first = Array.from({ length: 1024 }, (_, i) => i).find((i) => ((may[i >> 3] >> (i & 7)) & 1) === 1) ?? -1;
    expect(first).toBeGreaterThanOrEqual(0);
    const one = new Uint8Array(128);
    one[first >> 3] = 1 << (first & 7);
    expect(calls.schedSetaffinity(0, one)).toBe(0);
    const now = new Uint8Array(128);
    calls.schedGetaffinity(0, now);
    expect(now).toEqual(one);
    expect(calls.schedSetaffinity(0, may)).toBe(0);
    expect(calls.schedSetaffinity(0, new Uint8Array(128))).toBe(-1);
    expect(calls.errno()).toBe('EINVAL');
  });
});
